// What the Functions host keeps for itself: function keys, and the lease and state of the timer. It makes its containers on its own, so its
// role is on the account, which holds nothing else.

@description('Name of the storage account.')
param storageName string

@description('Name of the identity that the host runs as.')
param identityName string

@description('Storage Blob Data Owner.')
var ownerRole = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource owner 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identity.id, ownerRole)
  scope: storage
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', ownerRole)
    description: 'The Functions host keeps function keys and timer state here.'
  }
}
