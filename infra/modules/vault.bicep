@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Region of the vault.')
param location string

@description('Name of the azd environment, for the tag.')
param environmentName string

@description('Name of the workspace that audit events go to.')
param logAnalyticsName string

@description('Whether the vault answers at its public endpoint.')
@allowed([
  'Enabled'
  'Disabled'
])
param publicNetworkAccess string

@description('Addresses that the public endpoint serves when it is closed to others.')
param allowedIpAddresses string[]

@description('Whether the public endpoint serves nobody else.')
param closedToOthers bool

@description('How long the vault can be recovered once it is deleted, in days.')
@minValue(7)
@maxValue(90)
param retentionDays int

@description('Whether the deleted vault of this name is recovered.')
param recover bool

resource logAnalytics 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: logAnalyticsName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: {
    'azd-env-name': environmentName
  }
  properties: {
    createMode: recover ? 'recover' : 'default'
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: retentionDays
    enablePurgeProtection: true
    publicNetworkAccess: publicNetworkAccess
    networkAcls: {
      bypass: 'None'
      defaultAction: closedToOthers ? 'Deny' : 'Allow'
      ipRules: [
        for address in allowedIpAddresses: {
          value: trim(address)
        }
      ]
    }
  }
}

// the newest version of this type is a preview, and its only stable one cannot do this
#disable-next-line use-recent-api-versions
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: logAnalytics.id
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

@description('Where the vault answers, without a slash at the end.')
output url string = 'https://${name}${environment().suffixes.keyvaultDns}'
