#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""daemonset.py FILE QUESTION: what a Kubernetes manifest says, a line an answer."""
import sys

import yaml

daemonset = yaml.safe_load(open(sys.argv[1]))
pod = daemonset["spec"]["template"]["spec"]
container, = pod["containers"]
mounted = {mount["name"]: mount for mount in container["volumeMounts"]}

ANSWERS = {
    "capabilities": lambda: sorted("CAP_" + name for name in container["securityContext"]["capabilities"]["add"]),
    "dropped": lambda: container["securityContext"]["capabilities"]["drop"],
    "privileged": lambda: [container["securityContext"]["privileged"]],
    "args": lambda: container["args"],
    "ports": lambda: [port["containerPort"] for port in container["ports"]],
    "probes": lambda: [container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")],
    "host": lambda: sorted(volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume),
    "elsewhere": lambda: [volume["name"] for volume in pod["volumes"] if "hostPath" in volume
                          and volume["hostPath"]["path"] != mounted[volume["name"]]["mountPath"]],
    "writable": lambda: [name for name, mount in mounted.items() if not mount.get("readOnly")],
    "memory": lambda: [container["resources"]["limits"]["memory"]],
    "image": lambda: [container["image"]],
    "labels": lambda: [daemonset["spec"]["selector"]["matchLabels"] == daemonset["spec"]["template"]["metadata"]["labels"]],
}

for answer in ANSWERS[sys.argv[2]]():
    print(answer)
