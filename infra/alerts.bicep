// What a person should hear of: messages that need one, messages that wait too long, invocations that fail, and silence.

@description('Makes names unique.')
param token string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Workspace that holds the logs.')
param workspaceId string

@description('Who gets the alerts, by e-mail. Empty: nobody.')
param email string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-lineage-${token}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'lineage'
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

var actionGroups = empty(email) ? [] : [people.id]

// A dead message does not mend itself, so the alert does not resolve itself: it speaks at most once an hour instead.
resource dead 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'lineage-dead-messages'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Lineage: dead messages'
    description: 'Messages went to the poison queue. Look: lineage poison list. Mend the cause, then: lineage poison replay.'
    severity: 1
    enabled: true
    scopes: [workspaceId]
    skipQueryValidation: true // the tables of a new workspace appear with the first data
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: false
    muteActionsDuration: 'PT1H'
    criteria: {
      allOf: [
        {
          query: loadTextContent('queries/dead-messages.kql')
          timeAggregation: 'Total'
          metricMeasureColumn: 'messages'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: { actionGroups: actionGroups }
  }
}

// Two hours, because a message that is deferred again and again comes by about once an hour.
resource waiting 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'lineage-waiting-messages'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Lineage: messages have waited for more than an hour'
    description: 'Deferred again and again. The dimension `problem` says why: a role, a network, a dataset that is not scanned. Look: lineage doctor.'
    severity: 2
    enabled: true
    scopes: [workspaceId]
    skipQueryValidation: true
    evaluationFrequency: 'PT15M'
    windowSize: 'PT2H'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: loadTextContent('queries/waiting-messages.kql')
          timeAggregation: 'Total'
          metricMeasureColumn: 'messages'
          dimensions: [
            {
              name: 'problem'
              operator: 'Include'
              values: ['*']
            }
          ]
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: { actionGroups: actionGroups }
  }
}

// One failure is retried and forgotten; this is about failures that go on.
resource failing 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'lineage-failing-invocations'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Lineage: invocations fail'
    description: 'Invocations end in an error: a bug, a storage account that does not answer, or a Data Map that is down for HTTP callers.'
    severity: 2
    enabled: true
    scopes: [workspaceId]
    skipQueryValidation: true
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: loadTextContent('queries/failing-invocations.kql')
          timeAggregation: 'Total'
          metricMeasureColumn: 'invocations'
          dimensions: [
            {
              name: 'operation'
              operator: 'Include'
              values: ['*']
            }
          ]
          operator: 'GreaterThan'
          threshold: 5
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: { actionGroups: actionGroups }
  }
}

// The others read what the app logs. An app that cannot be imported logs nothing, so its daily timer is missed instead.
resource silent 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'lineage-does-not-run'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Lineage: the app does not run'
    description: 'The timer ExpireRuns has not run for two days. Messages wait on the queue. Look: the list of functions in the portal, then /api/health and /api/ready.'
    severity: 1
    enabled: true
    scopes: [workspaceId]
    skipQueryValidation: true
    evaluationFrequency: 'PT6H'
    windowSize: 'P2D'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: loadTextContent('queries/does-not-run.kql')
          timeAggregation: 'Total'
          metricMeasureColumn: 'silent'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: { actionGroups: actionGroups }
  }
}
