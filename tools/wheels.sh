#!/usr/bin/env bash
# Each wheel, installed alone into an empty environment: it brings nothing that only tests or the
# local cloud need, and the command, the examples and the servers run there. `make wheels`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/activate.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/empty" "$work/source" "$work/project"

copy() { # to a folder, then paths: what git knows of them, and what is new
    git ls-files -z --cached --others --exclude-standard -- "${@:2}" |
        while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
        xargs -0 tar -cf - | tar -xf - -C "$1"
}

install() { # environment, then wheels: at the locked versions, nothing else is known
    uv venv --quiet --python "$VIRTUAL_ENV/bin/python" "$1"
    uv pip install --quiet --python "$1/bin/python" --constraint requirements.txt \
        --override tools/overrides.txt --find-links "$work/dist" "${@:2}"
}

run() { # wheel, then a command in its environment, away from this folder and from what it has set
    (cd "${folder:-$work/empty}" &&
        env -i HOME="$HOME" PATH="$work/environments/$1/bin:/usr/bin:/bin" "${@:2}")
}

alone() { # wheel, then modules that it must not bring
    local found
    install "$work/environments/$1" "$work/dist/$1"-*.whl
    found=$(run "$1" python -c '
import importlib.util, sys
print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name)))' "${@:2}")
    [ -z "$found" ] || { echo "wheels: at run time $1 brings $found" >&2; exit 1; }
}

# A copy, because setuptools builds in the source folder.
copy "$work/source" LICENSE README.md components eros packages policy pyproject.toml
for package in packages/*/ .; do
    uv build --quiet --wheel --no-build-isolation --python "$VIRTUAL_ENV/bin/python" \
        --out-dir "$work/dist" "$work/source/$package"
done

tests=(coverage hypothesis jsonschema mypy playwright pytest ruff sqlfluff)
servers=(duckdb duckdb_extensions fastapi local_bigquery localgcp uvicorn)

alone gcptypes "${tests[@]}" "${servers[@]}" bqstack eros google pulumi pydantic
run gcptypes python -c "from gcptypes import known, records; print(known(records.TABLE).lost)"

alone erosbuilder "${tests[@]}" "${servers[@]}" bqstack eros gcptypes pulumi pydantic
run erosbuilder python -c "import erosbuilder"

alone localgcp "${tests[@]}" bqstack eros erosbuilder
run localgcp python -m localgcp --help >/dev/null

alone bqstack "${tests[@]}" "${servers[@]}" eros erosbuilder policy
run bqstack python "$work/source/packages/bqstack/examples/tour.py"

alone eros "${tests[@]}" "${servers[@]}" erosbuilder
run eros eros --version
run eros eros --help >/dev/null
run eros eros monitor --help >/dev/null
run eros python -c "from eros.sample import generate; import eros.watch.dashboard.page, policy.pack"
# In the folder of a project it works on that one; elsewhere it says where to call it.
copy "$work/project" 'Pulumi*.yaml' __main__.py components config policy pyproject.toml sql
folder="$work/project" run eros eros validate >/dev/null
if run eros eros validate 2>"$work/said" || ! grep -q "in the folder of the project" "$work/said"; then
    echo "wheels: eros validate outside of a project: $(cat "$work/said")" >&2
    exit 1
fi
echo "wheels: $(cd "$work/dist" && echo *.whl)"
