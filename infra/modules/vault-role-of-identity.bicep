// Beside vault-role.bicep because an identity's object id is known only once it exists, and a name that depends on it could not be foretold.

@description('Name of the vault.')
param vaultName string

@description('Name of the managed identity that is given the role.')
param identityName string

@description('Name (a GUID) of the built-in role.')
@minLength(36)
@maxLength(36)
param roleDefinitionName string

@description('Why, for whoever reads the assignment in the portal.')
param reason string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, roleDefinitionName)
  scope: vault
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleDefinitionName)
    description: reason
  }
}
