#!/bin/sh
# After provisioning: gives the app its role in Purview, which Azure cannot grant, and registers its process type.
# The caller must be Collection Admin. If that or the `lineage` command is missing, this says what to do by hand; it
# never fails, because a deployment without the role is mended by granting it, not by deploying again.

by_hand() {
    cat <<MESSAGE

  The app perhaps cannot write to Purview yet: $1
  Messages wait until it can, for up to a day; none is lost.

  Let a Collection Admin of ${PURVIEW_COLLECTION:-the root collection} do one of these:

    1. In this folder: pip install '.[cli]' and az login, then
       PURVIEW_ENDPOINT=${PURVIEW_ENDPOINT:-https://...} PURVIEW_AUTH=azure-cli \\
         lineage setup --grant ${LINEAGE_PRINCIPAL_ID:-...}${PURVIEW_COLLECTION:+ --collection ${PURVIEW_COLLECTION}} --yes

    2. In the Purview portal, Data Map > Collections > Role assignments > Data curators,
       add the identity with object id ${LINEAGE_PRINCIPAL_ID:-...}

MESSAGE
    exit 0
}

[ -n "$LINEAGE_PRINCIPAL_ID" ] || by_hand "the deployment did not say which identity the app has."
command -v lineage >/dev/null 2>&1 || by_hand "the command 'lineage' is not installed here."

# Whoever is signed in here does this, not the app: its client id must not be taken for theirs.
env -u PURVIEW_CLIENT_ID PURVIEW_AUTH="${PURVIEW_AUTH:-azure-cli}" lineage setup --grant "$LINEAGE_PRINCIPAL_ID" --yes ||
    by_hand "'lineage setup' did not succeed; its message is above."
