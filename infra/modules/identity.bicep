@description('Name of the identity.')
param name string

@description('Region of the identity.')
param location string

@description('Name of the azd environment, for the tag.')
param environmentName string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: {
    'azd-env-name': environmentName
  }
}

@description('Client id of the identity.')
output clientId string = identity.properties.clientId

@description('Object id of the identity.')
output principalId string = identity.properties.principalId
