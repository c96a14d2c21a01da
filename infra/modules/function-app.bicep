@description('Name of the function app.')
param name string

@description('Name of its plan.')
param planName string

@description('Region of both.')
param location string

@description('Name of the azd environment, for the tags.')
param environmentName string

@description('Name of the identity that the app runs as.')
param identityName string

@description('Name of the Application Insights component.')
param insightsName string

@description('Name of the storage account of the Functions host.')
param hostStorageName string

@description('Name of the storage account that the app runs from.')
param deploymentStorageName string

@description('Name of the container in it.')
param deploymentContainerName string

@description('Name of the vault that holds the certificate.')
param certificateVaultName string

@description('Name of the vault that the app reads with its bound token.')
param demoVaultName string

@description('Name of the virtual network, which has a subnet `app`. Empty: the app sits in none.')
param virtualNetworkName string

@description('Client id of the app registration that bound tokens are issued to.')
param applicationClientId string

@description('What proves the identity of the app.')
@allowed([
  'certificate'
  'federated'
])
param credential string

@description('Name of the certificate in its vault.')
param certificateName string

@description('Name of the value whose expiry the app watches.')
param secretName string

@description('Major version of Node.')
param nodeVersion string

@description('Memory of one instance, in MB.')
param instanceMemoryMB int

@description('How many instances there may be at once.')
param maximumInstanceCount int

@description('How many instances stay ready for HTTP requests.')
param alwaysReadyInstances int

@description('Region of the token endpoint, or `auto`.')
param tokenEndpointRegion string

@description('Scheme of the Authorization header that Key Vault takes for a bound token.')
param keyVaultAuthorizationScheme string

@description('Where the certificate comes from. A federated app has none of its own.')
var certificateSettings = credential == 'certificate'
  ? {
      MTLS_POP_CERTIFICATE_VAULT_URL: 'https://${certificateVaultName}${environment().suffixes.keyvaultDns}'
      MTLS_POP_CERTIFICATE_NAME: certificateName
    }
  : {}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: hostStorageName
}

resource deploymentStorage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: deploymentStorageName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: {
    'azd-env-name': environmentName
  }
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource functionApp 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: {
    'azd-env-name': environmentName
    'azd-service-name': 'keyvault-reader'
  }
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(virtualNetworkName)
      ? null
      : resourceId('Microsoft.Network/virtualNetworks/subnets', virtualNetworkName, 'app')
    // without ftpsState: Flex Consumption has no FTP, and the setting is none of its own
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${deploymentStorage.properties.primaryEndpoints.blob}${deploymentContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'node'
        version: nodeVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances > 0
          ? [
              {
                name: 'http'
                instanceCount: alwaysReadyInstances
              }
            ]
          : []
      }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: functionApp
  name: 'appsettings'
  properties: union(
    {
      // blobs alone: with the name of the account the host would try queues and tables as well, in which it has no role
      AzureWebJobsStorage__blobServiceUri: hostStorage.properties.primaryEndpoints.blob
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.properties.clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
      AZURE_TENANT_ID: tenant().tenantId
      AZURE_CLIENT_ID: applicationClientId
      AZURE_REGIONAL_AUTHORITY_NAME: tokenEndpointRegion
      MTLS_POP_CREDENTIAL: credential
      MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: identity.properties.clientId
      KEY_VAULT_URL: 'https://${demoVaultName}${environment().suffixes.keyvaultDns}'
      KEY_VAULT_AUTHORIZATION_SCHEME: keyVaultAuthorizationScheme
      CHECKED_SECRET_NAME: secretName
    },
    certificateSettings
  )
}

// deployments come with a token of the deployer's, so publishing by password is off

resource filePublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: functionApp
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource sitePublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: functionApp
  name: 'scm'
  properties: {
    allow: false
  }
}

@description('Where the app answers.')
output url string = 'https://${functionApp.properties.defaultHostName}'
