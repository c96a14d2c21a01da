// What `azd up` makes in Azure for samples/keyvault-reader: one resource group and everything in it. infra/README.md has the picture.
targetScope = 'subscription'

@description('Name of the azd environment; names of resources follow from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of everything; one that has Flex Consumption.')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

// `azd up` asks for every parameter that has neither a value nor a default, and does so before it runs a hook: the two that the preprovision
// hook finds have a default for that reason alone

@description('Client id of the app registration that bound tokens are issued to; the preprovision hook finds or makes it. Needed.')
@maxLength(36)
param applicationClientId string = ''

@description('Object id of the service principal of that app registration, from the same hook; it reads the demo vault. Needed.')
@maxLength(36)
param applicationPrincipalId string = ''

@description('Object id of whoever deploys: the postprovision hook makes the certificate and the demo value as this one. Empty: nobody is given a role for that.')
param principalId string = ''

@description('What the deploying principal is.')
@allowed([
  'User'
  'Group'
  'ServicePrincipal'
])
param principalType string = 'User'

@description('What proves the identity of the app: its certificate, or the managed identity as leg 1 of a federated exchange.')
@allowed([
  'certificate'
  'federated'
])
param credential string = 'certificate'

@description('Name of the certificate in its vault.')
@minLength(1)
@maxLength(127)
param certificateName string = 'mtls-pop'

@description('Name of the demo secret that the app reads and whose expiry it watches.')
@minLength(1)
@maxLength(127)
param secretName string = 'my-secret'

@description('Major version of Node.')
@allowed([
  '22'
  '24'
])
param nodeVersion string = '22'

@description('Memory of one instance, in MB.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@description('How many instances there may be at once.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('How many instances stay ready for HTTP requests. Each is paid for while it waits.')
@minValue(0)
@maxValue(100)
param alwaysReadyInstances int = 0

@description('Region of the token endpoint, such as westus3. `auto`: the region of the app, and the global endpoint where that is not reached.')
@minLength(2)
param tokenEndpointRegion string = 'auto'

@description('Scheme of the Authorization header that Key Vault takes for a bound token.')
@allowed([
  'mtls_pop'
  'pop'
])
param keyVaultAuthorizationScheme string = 'mtls_pop'

@description('Whether the app sits in a virtual network, and vaults and storage answer at private endpoints only.')
param privateNetwork bool = false

@description('With a private network: public IPv4 addresses or ranges, separated by commas, that still reach the vaults, such as the one of whoever runs the hooks.')
param allowedIpAddresses string = ''

@description('How long logs are kept, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('How long a deleted vault can be recovered, in days, during which its name is taken. Cannot be changed later.')
@minValue(7)
@maxValue(90)
param vaultRetentionDays int = 90

@description('Whether vaults of an earlier deployment, which `azd down` deleted and nobody can purge, are recovered.')
param recoverVaults bool = false

@description('Differs by subscription, environment and region, and never changes for the same three.')
var resourceToken = uniqueString(subscription().id, environmentName, location)

@description('Tags by which azd finds its resources again.')
var tags = {
  'azd-env-name': environmentName
}

@description('Names of everything that modules refer to.')
var names = {
  application: 'func-${resourceToken}'
  certificateVault: 'kv-cert-${resourceToken}'
  demoVault: 'kv-demo-${resourceToken}'
  deploymentStorage: 'stdeploy${resourceToken}'
  hostStorage: 'sthost${resourceToken}'
  identity: 'id-${resourceToken}'
  insights: 'appi-${resourceToken}'
  logAnalytics: 'log-${resourceToken}'
  plan: 'plan-${resourceToken}'
  virtualNetwork: 'vnet-${resourceToken}'
}

@description('Whether the app has a certificate of its own. Without one nobody needs a role on the vault for it.')
var hasCertificate = credential == 'certificate'

@description('The blob container that the app runs from.')
var deploymentContainerName = 'app-package'

@description('Who may reach vaults and storage from outside.')
var publicNetworkAccess = privateNetwork ? 'Disabled' : 'Enabled'

@description('The same for vaults, which can let single addresses in.')
var vaultPublicNetworkAccess = privateNetwork && empty(allowedIpAddresses) ? 'Disabled' : 'Enabled'

@description('The addresses that are let in.')
var vaultIpAddresses = privateNetwork && !empty(allowedIpAddresses) ? split(allowedIpAddresses, ',') : []

@description('What a deployment ends with that no hook went before.')
var noApplication = 'There is no app registration: run `azd hooks run preprovision`, or set APPLICATION_CLIENT_ID and APPLICATION_PRINCIPAL_ID.'

@description('Built-in roles, by what Azure calls them: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles')
var roles = {
  keyVaultCertificatesOfficer: 'a4417e6f-fecd-4de8-b567-7b0420556985'
  keyVaultCertificateUser: 'db79e9a7-68ee-4b58-9aeb-b90e7c24fcba'
  keyVaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
}

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: names.identity
    location: location
    environmentName: environmentName
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    logAnalyticsName: names.logAnalytics
    insightsName: names.insights
    location: location
    environmentName: environmentName
    identityName: names.identity
    retentionDays: logRetentionDays
  }
  dependsOn: [
    identity
  ]
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    name: names.virtualNetwork
    location: location
    environmentName: environmentName
  }
}

module hostStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.hostStorage
    location: location
    environmentName: environmentName
    publicNetworkAccess: publicNetworkAccess
  }
}

module hostState 'modules/host-state.bicep' = {
  scope: group
  params: {
    storageName: names.hostStorage
    identityName: names.identity
  }
  dependsOn: [
    hostStorage
    identity
  ]
}

module deploymentStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.deploymentStorage
    location: location
    environmentName: environmentName
    publicNetworkAccess: publicNetworkAccess
  }
}

module deploymentContainer 'modules/deployment-container.bicep' = {
  scope: group
  params: {
    storageName: names.deploymentStorage
    containerName: deploymentContainerName
    identityName: names.identity
  }
  dependsOn: [
    deploymentStorage
    identity
  ]
}

module certificateVault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: names.certificateVault
    location: location
    environmentName: environmentName
    logAnalyticsName: names.logAnalytics
    publicNetworkAccess: vaultPublicNetworkAccess
    allowedIpAddresses: vaultIpAddresses
    closedToOthers: privateNetwork
    retentionDays: vaultRetentionDays
    recover: recoverVaults
  }
  dependsOn: [
    monitoring
  ]
}

module demoVault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: names.demoVault
    location: location
    environmentName: environmentName
    logAnalyticsName: names.logAnalytics
    publicNetworkAccess: vaultPublicNetworkAccess
    allowedIpAddresses: vaultIpAddresses
    closedToOthers: privateNetwork
    retentionDays: vaultRetentionDays
    recover: recoverVaults
  }
  dependsOn: [
    monitoring
  ]
}

module certificateForIdentity 'modules/vault-role-of-identity.bicep' = if (hasCertificate) {
  scope: group
  params: {
    vaultName: names.certificateVault
    identityName: names.identity
    roleDefinitionName: roles.keyVaultCertificateUser
    reason: 'The app takes its certificate, private key included, with its managed identity.'
  }
  dependsOn: [
    certificateVault
    identity
  ]
}

module valueForApplication 'modules/vault-role.bicep' = {
  scope: group
  params: {
    vaultName: names.demoVault
    principalId: empty(applicationPrincipalId) ? fail(noApplication) : applicationPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionName: roles.keyVaultSecretsUser
    reason: 'The application reads the demo vault with its bound token. Nobody else does.'
  }
  dependsOn: [
    demoVault
  ]
}

module certificateForDeployer 'modules/vault-role.bicep' = if (hasCertificate && !empty(principalId)) {
  scope: group
  params: {
    vaultName: names.certificateVault
    principalId: principalId
    principalType: principalType
    roleDefinitionName: roles.keyVaultCertificatesOfficer
    reason: 'The postprovision hook makes the certificate.'
  }
  dependsOn: [
    certificateVault
  ]
}

module valueForDeployer 'modules/vault-role.bicep' = if (!empty(principalId)) {
  scope: group
  params: {
    vaultName: names.demoVault
    principalId: principalId
    principalType: principalType
    roleDefinitionName: roles.keyVaultSecretsOfficer
    reason: 'The postprovision hook makes the demo value.'
  }
  dependsOn: [
    demoVault
  ]
}

module privateEndpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  scope: group
  params: {
    location: location
    environmentName: environmentName
    virtualNetworkName: names.virtualNetwork
    vaultNames: [
      names.certificateVault
      names.demoVault
    ]
    storageNames: [
      names.deploymentStorage
      names.hostStorage
    ]
  }
  dependsOn: [
    certificateVault
    demoVault
    deploymentStorage
    hostStorage
    network
  ]
}

module functionApp 'modules/function-app.bicep' = {
  scope: group
  params: {
    name: names.application
    planName: names.plan
    location: location
    environmentName: environmentName
    identityName: names.identity
    insightsName: names.insights
    hostStorageName: names.hostStorage
    deploymentStorageName: names.deploymentStorage
    deploymentContainerName: deploymentContainerName
    certificateVaultName: names.certificateVault
    demoVaultName: names.demoVault
    virtualNetworkName: privateNetwork ? names.virtualNetwork : ''
    applicationClientId: empty(applicationClientId) ? fail(noApplication) : applicationClientId
    credential: credential
    certificateName: certificateName
    secretName: secretName
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    tokenEndpointRegion: tokenEndpointRegion
    keyVaultAuthorizationScheme: keyVaultAuthorizationScheme
  }
  dependsOn: [
    certificateForIdentity
    deploymentContainer
    hostState
    monitoring
    privateEndpoints
  ]
}

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The directory that bound tokens come from.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('The function app.')
output AZURE_FUNCTION_APP_NAME string = names.application

@description('Where the app answers.')
output FUNCTION_APP_URL string = functionApp.outputs.url

@description('What proves the identity of the app.')
output MTLS_POP_CREDENTIAL string = credential

@description('Client id of the managed identity.')
output MANAGED_IDENTITY_CLIENT_ID string = identity.outputs.clientId

@description('Object id of the managed identity: the subject of a federated credential that names it.')
output MANAGED_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('The vault that holds the certificate.')
output CERTIFICATE_VAULT_URL string = certificateVault.outputs.url

@description('Name of the certificate in it.')
output CERTIFICATE_NAME string = certificateName

@description('The vault that holds the demo secret.')
output KEY_VAULT_URL string = demoVault.outputs.url

@description('Name of that secret.')
output SECRET_NAME string = secretName
