# SPDX-License-Identifier: GPL-2.0-or-later
#
# Samples and the rows of the table in, the report out: of each metric its values, median,
# least and most, quartiles, and whether the target is met.

def quantile($of; $q):
  ($of | sort) as $sorted | (($sorted | length) - 1) * $q
  | $sorted[floor] + ($sorted[ceil] - $sorted[floor]) * (. - floor);

# "kernel/top/program/*" as a pattern; what the star stands for is its capture.
def pattern: "^" + (split("*") | map(gsub("(?<c>[^A-Za-z0-9_/])"; "\\\(.c)")) | join("(?<star>.+)")) + "$";

def target:
  if . == "-" then null
  else capture("^(?<op><=|>=|<)(?<limit>.+)$") | .limit |= tonumber end;

def met($value):
  if .op == "<=" then $value <= .limit
  elif .op == ">=" then $value >= .limit
  else $value < .limit end;

def thousands: tostring | [scan(".")] | reverse
  | [range(0; length; 3) as $i | .[$i:$i + 3] | reverse | join("")] | reverse | join(",");

($sizes | split(" ") | map(tonumber | thousands)) as $sizes_text
| [$samples | split("\n")[] | select(. != "") | split("\t")] as $lines
| ([$lines[] | select(.[1] != "-")] | group_by(.[0])
   | map({ key: .[0][0], value: map(.[1] | tonumber) }) | from_entries) as $values
| [$lines[] | select(.[1] == "-") | { pattern: (.[0] | pattern), why: .[2] }] as $missing
| ($sections | split(" ")) as $wanted
| reduce (inputs | select(test("^(#|\\s*$)") | not)) as $line
    ({ section: null, heading: null, rows: [] };
     if $line[0:1] == "[" then
       ($line | capture("^\\[(?<section>[a-z]+)\\] (?<heading>.*)$")) as $head
       | .section = $head.section | .heading = $head.heading
     elif .section as $section | any($wanted[]; . == $section) then
       ($line | capture("^(?<metric>\\S+)\\s+(?<unit>\\S+)\\s+(?<target>\\S+)\\s+(?<label>.*)$")
        | .label |= sub("^> "; "  ")) as $row
       | ($row.metric | pattern) as $pattern
       | ([$values | keys_unsorted[] | select(test($pattern))] | sort) as $found
       | .rows += [
           ($found[], if $found == [] then $row.metric else empty end) as $metric
           | ($metric | capture($pattern) | .star // "*") as $star
           | $values[$metric] as $of
           | ($row.target | target) as $target
           | { heading, metric: $metric, unit: $row.unit,
               label: ($row.label | sub("\\*"; $star) | sub("\\{0\\}"; $sizes_text[0])
                       | sub("\\{1\\}"; $sizes_text[1])),
               rounds: ($of | length), median: null, missing: null, target: $target, met: null }
           | if $of then
               . + { median: quantile($of; 0.5), min: ($of | min), max: ($of | max),
                     q1: quantile($of; 0.25), q3: quantile($of; 0.75), values: $of }
               | if $target then .median as $median | .met = ($target | met($median)) else . end
             else
               .missing = ([$missing[] | select(.pattern as $p | $metric | test($p)) | .why] | first)
             end]
     else . end)
| { machine: $machine[0], rounds: $rounds, seconds: $seconds, rows }
