#!/usr/bin/env bash
# Builds what `npm run test:kubernetes` runs against: a real etcd, kube-apiserver and kube-controller-manager, from Go modules
# alone, into $HALE_KUBERNETES_BIN (else ~/.cache/hale/kubernetes). Takes 10 to 30 minutes and 7 GB of Go's caches, once.
set -euo pipefail
bin=${HALE_KUBERNETES_BIN:-$HOME/.cache/hale/kubernetes}
kubernetes=v1.37.2
etcd=v3.7.0
command -v go >/dev/null || { echo 'it needs go (1.26 or later) on PATH' >&2; exit 1; }

mkdir -p "$bin"
module=$(mktemp -d)
trap 'rm -rf "$module"' EXIT
cd "$module"
export GOFLAGS=-mod=mod CGO_ENABLED=0

# The apiserver is no library: its own go.mod says which staging modules belong to it, and all of them have its minor version.
staging=v0.${kubernetes#v1.}
printf 'module lane\n\ngo 1.26\n\nrequire k8s.io/kubernetes %s\n\nrequire go.etcd.io/etcd/server/v3 %s\n' "$kubernetes" "$etcd" >go.mod
own=$(go mod download -json "k8s.io/kubernetes@$kubernetes" | sed -n 's/^\t"GoMod": "\(.*\)",\{0,1\}$/\1/p')
sed -n 's|^\t\{0,1\}\(k8s\.io/[a-z-]*\) => \./staging/.*|\1|p' "$own" | while read -r name; do
  printf 'replace %s => %s %s\n' "$name" "$name" "$staging" >>go.mod
done
mkdir etcd
printf 'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\nfunc main() { etcdmain.Main(os.Args) }\n' >etcd/main.go
cat >tools.go <<'GO'
//go:build tools

package lane

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
GO

minor=${kubernetes#v1.}
version="-X k8s.io/component-base/version.gitVersion=$kubernetes -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=${minor%%.*}"
build() {
  [ -x "$bin/$1" ] && { echo "$bin/$1 is there"; return; }
  echo "building $1"
  go build -trimpath -ldflags "-s -w $version" -o "$bin/$1.new" "$2"
  mv "$bin/$1.new" "$bin/$1"
}
build etcd ./etcd
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
build kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager
ls -l "$bin"
