/**
 * Resource types that have no schema beside the project, in the version that is used, and the public page that their properties were compared
 * with. Any other type without a schema is a problem.
 */
export const HAND_CHECKED_TYPES: ReadonlyMap<string, string> = new Map([
  [
    "Microsoft.Insights/diagnosticSettings@2021-05-01-preview",
    "https://learn.microsoft.com/azure/templates/microsoft.insights/2021-05-01-preview/diagnosticsettings",
  ],
  [
    "Microsoft.Network/privateDnsZones@2024-06-01",
    "https://learn.microsoft.com/azure/templates/microsoft.network/2024-06-01/privatednszones",
  ],
  [
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01",
    "https://learn.microsoft.com/azure/templates/microsoft.network/2024-06-01/privatednszones/virtualnetworklinks",
  ],
  [
    "Microsoft.Network/virtualNetworks/subnets@2024-07-01",
    "https://learn.microsoft.com/azure/templates/microsoft.network/2024-07-01/virtualnetworks/subnets",
  ],
  [
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01",
    "https://learn.microsoft.com/azure/templates/microsoft.web/2024-11-01/sites/basicpublishingcredentialspolicies",
  ],
]);
