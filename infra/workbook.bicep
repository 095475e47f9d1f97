// How the app fares, on one page. Made of the queries in queries/, so that a query is written once.

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Workspace that holds the logs.')
param workspaceId string

var charts = [
  {
    name: 'fates'
    title: 'What became of messages'
    query: loadTextContent('queries/fates.kql')
    visualization: 'timechart'
  }
  {
    name: 'problems'
    title: 'What stood in the way'
    query: loadTextContent('queries/problems.kql')
    visualization: 'table'
  }
  {
    name: 'latest-dead'
    title: 'Dead messages'
    query: loadTextContent('queries/latest-dead.kql')
    visualization: 'table'
  }
  {
    name: 'oldest-deferred'
    title: 'Age of the oldest deferred message, in hours'
    query: loadTextContent('queries/oldest-deferred.kql')
    visualization: 'timechart'
  }
  {
    name: 'poison-depth'
    title: 'Messages in the poison queue'
    query: loadTextContent('queries/poison-depth.kql')
    visualization: 'timechart'
  }
  {
    name: 'operations'
    title: 'What the Data Map was asked'
    query: loadTextContent('queries/operations.kql')
    visualization: 'table'
  }
  {
    name: 'shares'
    title: 'Requests that share a write'
    query: loadTextContent('queries/shares.kql')
    visualization: 'timechart'
  }
  {
    name: 'durations'
    title: 'Seconds that a message takes'
    query: loadTextContent('queries/durations.kql')
    visualization: 'timechart'
  }
  {
    name: 'failing-invocations'
    title: 'Invocations that failed'
    query: loadTextContent('queries/failing-invocations.kql')
    visualization: 'timechart'
  }
]

// Item types of a workbook: 9 holds parameters, 3 a query. Parameter type 4 is a span of time.
var period = {
  type: 9
  name: 'period'
  content: {
    version: 'KqlParameterItem/1.0'
    parameters: [
      {
        id: guid(resourceGroup().id, 'lineage-workbook-period')
        version: 'KqlParameterItem/1.0'
        name: 'Period'
        type: 4
        isRequired: true
        value: { durationMs: 86400000 }
        typeSettings: {
          selectableValues: [
            { durationMs: 3600000 }
            { durationMs: 14400000 }
            { durationMs: 86400000 }
            { durationMs: 604800000 }
            { durationMs: 2592000000 }
          ]
          allowCustom: true
        }
      }
    ]
    style: 'pills'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
  }
}

var items = [
  for chart in charts: {
    type: 3
    name: chart.name
    content: {
      version: 'KqlItem/1.0'
      title: chart.title
      query: chart.query
      size: 0
      visualization: chart.visualization
      timeContextFromParameter: 'Period'
      queryType: 0
      resourceType: 'microsoft.operationalinsights/workspaces'
    }
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'lineage-workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: 'Purview lineage'
    sourceId: workspaceId
    version: 'Notebook/1.0'
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([period], items)
    })
  }
}

@description('Resource id of the workbook.')
output id string = workbook.id
