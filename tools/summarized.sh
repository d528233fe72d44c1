#!/usr/bin/env bash
# The shell of CI's steps: runs a step's script, and puts what it ran, how it ended and its last
# lines into the job's summary. `defaults.run.shell` of a workflow names it.
set -uo pipefail

script=$1
lines=25
output=$(mktemp)
trap 'rm -f "$output"' EXIT

begun=$SECONDS
bash -eo pipefail "$script" 2>&1 | tee "$output"
code=${PIPESTATUS[0]}

if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    result=passed
    [ "$code" -eq 0 ] || result="failed with exit code $code"
    {
        command=$(grep -v '^ *\(#\|$\)' "$script" | head -n 1)
        printf "### \`%s\`: %s in %d s\n\n" "$command" "$result" $((SECONDS - begun))
        # A line of the output cannot end the block.
        printf '<details><summary>last lines</summary>\n\n~~~~~~text\n'
        tail -n "$lines" "$output" | sed 's/^~~*/-/'
        printf '~~~~~~\n\n</details>\n\n'
    } >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
