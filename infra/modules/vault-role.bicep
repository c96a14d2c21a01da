@description('Name of the vault.')
param vaultName string

@description('Object id of who is given the role.')
param principalId string

@description('What that is.')
@allowed([
  'User'
  'Group'
  'ServicePrincipal'
])
param principalType string

@description('Name (a GUID) of the built-in role.')
@minLength(36)
@maxLength(36)
param roleDefinitionName string

@description('Why, for whoever reads the assignment in the portal.')
param reason string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, roleDefinitionName)
  scope: vault
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleDefinitionName)
    description: reason
  }
}
