# After provisioning: gives the app its role in Purview, which Azure cannot grant, and registers its process type.
# The caller must be Collection Admin. If that or the `lineage` command is missing, this says what to do by hand; it
# never fails, because a deployment without the role is mended by granting it, not by deploying again.

function Show-ByHand([string] $Reason) {
    $where = if ($env:PURVIEW_COLLECTION) { $env:PURVIEW_COLLECTION } else { 'the root collection' }
    $collection = if ($env:PURVIEW_COLLECTION) { " --collection $env:PURVIEW_COLLECTION" } else { '' }
    $principal = if ($env:LINEAGE_PRINCIPAL_ID) { $env:LINEAGE_PRINCIPAL_ID } else { '...' }
    $endpoint = if ($env:PURVIEW_ENDPOINT) { $env:PURVIEW_ENDPOINT } else { 'https://...' }
    Write-Host @"

  The app perhaps cannot write to Purview yet: $Reason
  Messages wait until it can, for up to a day; none is lost.

  Let a Collection Admin of $where do one of these:

    1. In this folder: pip install '.[cli]' and az login, then
       `$env:PURVIEW_ENDPOINT = '$endpoint'; `$env:PURVIEW_AUTH = 'azure-cli'
       lineage setup --grant $principal$collection --yes

    2. In the Purview portal, Data Map > Collections > Role assignments > Data curators,
       add the identity with object id $principal

"@
    exit 0
}

if (-not $env:LINEAGE_PRINCIPAL_ID) { Show-ByHand 'the deployment did not say which identity the app has.' }
if (-not (Get-Command lineage -ErrorAction SilentlyContinue)) { Show-ByHand "the command 'lineage' is not installed here." }

# Whoever is signed in here does this, not the app: its client id must not be taken for theirs.
Remove-Item Env:PURVIEW_CLIENT_ID -ErrorAction SilentlyContinue
if (-not $env:PURVIEW_AUTH) { $env:PURVIEW_AUTH = 'azure-cli' }

lineage setup --grant $env:LINEAGE_PRINCIPAL_ID --yes
if ($LASTEXITCODE -ne 0) { Show-ByHand "'lineage setup' did not succeed; its message is above." }
exit 0
