#!/bin/sh
# Runs the tests of the provider `kubernetes` on a real cluster: the one that kubectl talks to (kind, k3s, …), never production.
# It makes namespaces, roles and an administrator's service account there, and removes the account at the end.
set -eu
cd "$(dirname "$0")/../../.."
folder=$(mktemp -d)
account=latchkey-tests
finish() {
  rm -r "$folder"
  kubectl delete clusterrolebinding "$account" --ignore-not-found
  kubectl -n default delete serviceaccount "$account" --ignore-not-found
}
trap finish EXIT
kubectl -n default create serviceaccount "$account"
kubectl create clusterrolebinding "$account" --clusterrole=cluster-admin --serviceaccount="default:$account"
kubectl -n default create token "$account" --duration=1h >"$folder/token"
kubectl config view --raw --minify -o 'jsonpath={.clusters[0].cluster.certificate-authority-data}' | base64 -d >"$folder/ca.pem"
KUBERNETES_TEST_SERVER=$(kubectl config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
KUBERNETES_TEST_TOKEN_FILE=$folder/token
KUBERNETES_TEST_CA_FILE=$folder/ca.pem
export KUBERNETES_TEST_SERVER KUBERNETES_TEST_TOKEN_FILE KUBERNETES_TEST_CA_FILE
npx vitest run test/providers/kubernetes/contract.test.ts test/providers/kubernetes/attacks.test.ts test/providers/kubernetes/guard.test.ts
