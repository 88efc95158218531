#!/bin/bash
# Every command of README.md works as written: its ```sh blocks run as one script, its ```python blocks
# after them, in a copy of the files it speaks of. A block right after a line that starts with
# "<!-- not run by the test" is left out; that comment tells its reader why.
set -eu
cp -r "$IONSWEEP_SOURCE/sweeps" "$IONSWEEP_SOURCE/postprocess" .
unset ION_MODEL_PATH # a reader has not set it
mkdir -p build/release
ln -s "$IONSWEEP" build/release/ionsweep

# blocks LANGUAGE: the text of all blocks of that language that are to be run.
blocks() {
  awk -v open="\`\`\`$1" '
    /^<!-- not run by the test/ { skip = 1; next }
    $0 == open && !skip         { inside = 1; next }
    /^```$/                     { inside = 0; skip = 0; next }
    inside                      { print }' "$IONSWEEP_SOURCE/README.md"
}

blocks sh >commands.sh
blocks python >read.py
if [ "$(grep -c ionsweep commands.sh)" -lt 5 ] || [ ! -s read.py ]; then
  echo "README.md has lost its commands: only these were found"
  cat commands.sh read.py
  exit 1
fi
if ! "$IONSWEEP_PYTHON" -c 'import xarray, matplotlib, netCDF4' 2>/dev/null; then
  echo "pictures and Python left out: no xarray, matplotlib, netCDF4"
  sed -i '/python3/d' commands.sh
  : >read.py
fi
sed -i "s|/usr/bin/python3|$IONSWEEP_PYTHON|" commands.sh
bash -eux commands.sh
[ -s mine.nc ] || { echo "no result file"; exit 1; }
"$IONSWEEP_PYTHON" read.py
[ ! -s read.py ] || [ -s mine.png ] || { echo "no picture"; exit 1; }
