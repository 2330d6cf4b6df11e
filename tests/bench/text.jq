# SPDX-License-Identifier: GPL-2.0-or-later
# The report as a table for people.

def pad($width): . + (" " * ($width - length) // "");
def right($width): (" " * ($width - length) // "") + .;

def thousands: tostring | [scan(".")] | reverse
  | [range(0; length; 3) as $i | .[$i:$i + 3] | reverse | join("")] | reverse | join(",");

def decimals($n):
  (. * pow(10; $n) | round | tostring) | ("0" * ($n + 1 - length) // "") + .
  | .[:-$n] + "." + .[-$n:];

def figure:
  if . < 0 then "-" + (-. | figure)
  elif . >= 1000 then round | thousands
  elif . >= 100 then round | tostring
  elif . >= 10 then decimals(1)
  elif . >= 0.1 then decimals(2)
  else decimals(3) end;

def target_text: .op + " " + (.limit | if . >= 1e6 then "\(. / 1e6) M" else tostring end);

.machine as $m
| "\($m.twtrace)\(if $m.commit != "" then " (\($m.commit))" else "" end), \($m.date)",
  "\($m.cpu), \($m.cores) cores, \($m.memory_mib) MiB, Linux \($m.kernel) \($m.arch)",
  "\(.rounds) round\(if .rounds == 1 then "" else "s" end) in \(.seconds) s, the contenders taking turns; medians, and least and most",
  (foreach .rows[] as $row ({ heading: null }; .new = (.heading != $row.heading) | .heading = $row.heading;
    (if .new then "", .heading else empty end),
    ($row
     | if .median == null then
         "  \(.label | pad(46)) \("-" | right(10))  \(.missing // "NO FIGURE")"
       else
         "  \(.label | pad(46)) \(.median | figure | right(10)) \(.unit | pad(3)) "
         + (if .max > .min then "\(.min | figure)..\(.max | figure)" else "" end | pad(21))
         + (if .target then "\(.target | target_text | pad(8)) \(if .met then "met" else "MISSED" end)" else "" end)
         | sub("\\s+$"; "")
       end)))
