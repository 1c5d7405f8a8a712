#!/usr/bin/env bash
# Put the application's dependencies on a node: one virtual environment, TARGET/env.
#
#   bootstrap.sh s3://BUCKET/app/VERSION/ /opt/spark_app REGION
#
# Everything comes from the package in S3 and is held against its hashes, nothing from the internet.
# pyspark is not there: the cluster's spark-submit brings it. Safe to run again, also after a run
# that was cut off. The last line of a failure is `error: …`.
set -euo pipefail
umask 022

fail() {
  echo "error: $1" >&2
  exit 1
}

# Run one command in silence; when it fails, say why in one line.
try() {
  local said
  said=$("$@" 2>&1) || fail "$(cause "$said")"
}

cause() {
  local role="the instance role"
  case $1 in
  *"No space left"* | *"os error 28"* | *"Errno 28"*)
    echo "the disk of $target is full; give the nodes a larger one (EbsRootVolumeSize)" ;;
  *"Unable to locate credentials"* | *InvalidAccessKeyId* | *SignatureDoesNotMatch* | *InvalidToken* | *ExpiredToken*)
    echo "S3 does not take this node's credentials; check the instance profile: $(last_line "$1")" ;;
  *"(403)"* | *AccessDenied*)
    echo "no access to $application: $role needs s3:GetObject there and s3:ListBucket on its prefix" ;;
  *"(404)"* | *NoSuchKey* | *NoSuchBucket*)
    echo "there is no package at $application; upload it: python -m scripts.upload_package" ;;
  *"Could not connect"* | *"onnect timeout"* | *"ead timeout"* | *"Connection was closed"*)
    echo "S3 in $region cannot be reached from this node; check the subnet's S3 endpoint: $(last_line "$1")" ;;
  *": FAILED"*)
    echo "hash mismatch: $(changed_file "$1") of $application is not the one that was packed; make and upload the package again" ;;
  *) echo "$phase failed: $(last_line "$1")" ;;
  esac
}

last_line() {
  printf '%s' "$1" | tr '\r' '\n' | sed '/^[[:space:]]*$/d' | tail -n 1
}

changed_file() {
  printf '%s' "$1" | sed -n 's/: FAILED.*//p' | head -n 1
}

begin() {
  phase=$1
  began=${EPOCHREALTIME/[.,]/}
}

done_with() {
  local tenths=$(((${EPOCHREALTIME/[.,]/} - began) / 100000))
  printf '%-12s%3d.%d s  %s\n' "$phase" $((tenths / 10)) $((tenths % 10)) "$1"
}

check_node() {
  local command
  for command in python3.11 aws sha256sum; do
    command -v "$command" >/dev/null ||
      fail "$command is missing on this node; choose a release that has it, such as emr-spark-8.1.0"
  done
}

# What stays of an earlier, cut-off run goes.
make_room() {
  mkdir -p "$target" 2>/dev/null || try sudo -n mkdir -p "$target"
  [ -w "$target" ] || try sudo -n chown "$(id -u):$(id -g)" "$target"
  try chmod a+rx "$target"
  try rm -rf "$work"
  try mkdir "$work"
  trap 'rm -rf "$work"' EXIT
}

from_s3() {
  try aws s3 cp --region "$region" --only-show-errors --cli-connect-timeout 10 "$@"
}

# One answer from package.json: its dependencies, the architectures, or lines for sha256sum.
package() {
  python3.11 -I -c '
import json, sys
package, question, architecture = json.load(open(sys.argv[1])), *sys.argv[2:]
files = package["files"]
wanted = ("requirements.lock", "wheels/%s/" % architecture)
print({
    "dependencies": lambda: package["dependencies"],
    "architectures": lambda: " and ".join(sorted({n.split("/")[1] for n in files if n.startswith("wheels/")})),
    "sums": lambda: "\n".join(f"{h}  {n}" for n, h in files.items() if n.startswith(wanted)),
}[question]())' "$work/package.json" "$1" "$architecture" 2>/dev/null ||
    fail "package.json of $application cannot be read; make and upload the package again"
}

fetch_manifest() {
  local architectures
  from_s3 "${application}package.json" "$work/package.json"
  dependencies=$(package dependencies)
  architectures=$(package architectures)
  case " $architectures " in
  *" $architecture "*) ;;
  *) fail "wrong architecture: this node is $architecture, the package at $application has wheels for $architectures; choose other instance types" ;;
  esac
}

is_there() {
  [ -x "$target/env/bin/python" ] && [ "$(cat "$target/env/dependencies" 2>/dev/null)" = "$dependencies" ]
}

fetch() {
  from_s3 --recursive "$application" "$work" \
    --exclude '*' --include requirements.lock --include "wheels/$architecture/*"
}

verify() {
  local sums
  sums=$(package sums)
  try write "$sums" "$work/sums"
  try env -C "$work" sha256sum --check --strict --quiet sums
}

write() {
  printf '%s\n' "$1" >"$2"
}

install() {
  local uv wheels=$work/wheels/$architecture
  export UV_CACHE_DIR=$work/cache UV_NO_CONFIG=1 UV_OFFLINE=1 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=hardlink
  try python3.11 -m zipfile -e "$wheels"/uv-*.whl "$work/uv"
  uv=$(echo "$work"/uv/uv-*.data/scripts/uv)
  try chmod +x "$uv"
  try "$uv" venv --quiet --relocatable --python "$(command -v python3.11)" "$work/env"
  try "$uv" pip install --quiet --python "$work/env/bin/python" --no-index --find-links "$wheels" \
    --require-hashes --no-deps --requirement "$work/requirements.lock"
}

# Who runs a step may not write here, so that without this every start would compile again.
compile() {
  find "$work/env/lib" -name '*.py' -not -path '*/tests/*' -print0 |
    xargs -0 -n 200 -P "$(nproc)" "$work/env/bin/python" -m compileall -q
}

# In one step, so that an environment is there whole or not at all.
put_in_place() {
  try write "$dependencies" "$work/env/dependencies"
  try chmod -R a+rX "$work/env"
  try rm -rf "$target/env"
  try mv "$work/env" "$target/env"
}

[ $# = 3 ] || fail "usage: bootstrap.sh s3://BUCKET/app/VERSION/ TARGET REGION"
application=${1%/}/
target=${2%/}
region=$3
work=$target/.bootstrap
export AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-5}
architecture=$(uname -m)

begin fetch
check_node
make_room
fetch_manifest
if is_there; then
  done_with "the dependencies $dependencies are there already"
  exit 0
fi
fetch
done_with "$application"
begin verify
verify
done_with "$(wc -l <"$work/sums") files are what package.json lists"
begin environment
install
done_with "$target/env"
begin compile
try compile
done_with "bytecode"
begin "in place"
put_in_place
done_with "dependencies $dependencies"
