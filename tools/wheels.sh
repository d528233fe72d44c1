#!/usr/bin/env bash
# The wheels, installed into an empty environment: the command and the library's example run
# there without anything that only tests need. `make wheels`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/activate.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A copy, because setuptools builds in the source folder.
git ls-files -z --cached --others --exclude-standard -- \
    LICENSE README.md components eros packages policy pyproject.toml |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    xargs -0 tar -cf - | tar -xf - -C "$work"
for folder in packages/*/ .; do
    uv build --quiet --wheel --no-build-isolation --python "$VIRTUAL_ENV/bin/python" \
        --out-dir "$work/dist" "$work/$folder"
done

install() { # environment, then wheels: at the locked versions, nothing else is known
    uv venv --quiet --python "$VIRTUAL_ENV/bin/python" "$1"
    uv pip install --quiet --python "$1/bin/python" --constraint requirements.txt \
        --override tools/overrides.txt --find-links "$work/dist" "${@:2}"
}

clean() { # run in the empty environment, away from this folder and from what it has set
    (cd "$work/empty" && env -i HOME="$HOME" PATH="$1/bin:/usr/bin:/bin" "${@:2}")
}

mkdir "$work/empty"
install "$work/run" "$work"/dist/eros-*.whl
for absent in duckdb hypothesis localgcp playwright pytest; do
    ! clean "$work/run" python -c "import $absent" 2>/dev/null ||
        { echo "wheels: run time brings $absent" >&2; exit 1; }
done
clean "$work/run" eros --help >/dev/null
clean "$work/run" eros monitor --help >/dev/null
clean "$work/run" python -c "from eros.sample import generate; import eros.watch.dashboard.page, policy.pack"
clean "$work/run" python "$work/packages/bqstack/examples/tour.py"
install "$work/builder" "$work"/dist/erosbuilder-*.whl
clean "$work/builder" python -c "import erosbuilder, importlib.util as u; assert not u.find_spec('pulumi')"
install "$work/local" "$work"/dist/localgcp-*.whl
clean "$work/local" python -m localgcp --help >/dev/null
echo "wheels: $(cd "$work/dist" && echo *.whl)"
