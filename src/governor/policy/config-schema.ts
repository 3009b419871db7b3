import * as z from 'zod'
import type { HostConfig } from '../../model/channel.js'
import { isLoopback } from '../../model/loopback.js'
import { budgetsSection, pricesSection } from './config-budgets.js'
import { behindProxyField, channelsSection, listenField, requestsPerSecondField, tlsField } from './config-channels.js'
import { chassisSection } from './config-chassis.js'
import {
  breakersSection,
  capabilityRegistrySection,
  escalationSection,
  helpSection,
  resourcePolicySection,
} from './config-sections.js'
import { privateHostsField, vaultSection } from './config-vault.js'
import type { GovernorPolicy } from './policy.js'

/** What infrafabric.yaml comes to. */
export interface Config {
  /** Goes into the log when it is applied. */
  readonly policy: GovernorPolicy
  /** Concerns only the process that hosts the fabric. */
  readonly host: HostConfig
}

/** The keys of infrafabric.yaml. Reading turns them into a policy and the configuration of the host. */
export const configSchema = z
  .strictObject({
    resource_policy: resourcePolicySection,
    capability_registry: capabilityRegistrySection,
    budgets: budgetsSection,
    prices: pricesSection,
    breakers: breakersSection,
    help: helpSection,
    escalation: escalationSection,
    chassis: chassisSection.exactOptional(),
    channels: channelsSection,
    vault: vaultSection.exactOptional(),
    private_hosts: privateHostsField.exactOptional(),
    listen: listenField.exactOptional(),
    tls: tlsField.exactOptional(),
    behind_proxy: behindProxyField.exactOptional(),
    requests_per_second: requestsPerSecondField.exactOptional(),
  })
  .superRefine(({ listen, tls, behind_proxy }, context) => {
    if (listen === undefined || tls !== undefined || behind_proxy !== undefined) return
    if (isLoopback(listen.slice(0, listen.lastIndexOf(':')).toLowerCase())) return
    const message = 'is reachable from other machines. Give tls or behind_proxy, or listen on 127.0.0.1.'
    context.addIssue({ code: 'custom', path: ['listen'], message })
  })
  .transform(
    ({ channels, vault, private_hosts, listen, tls, behind_proxy, requests_per_second, ...sections }): Config => {
      const host: HostConfig = {
        channels,
        ...(vault !== undefined && { vault }),
        ...(private_hosts !== undefined && { privateHosts: private_hosts }),
        ...(listen !== undefined && { listen }),
        ...(tls !== undefined && { tls }),
        ...(behind_proxy !== undefined && { behindProxy: behind_proxy }),
        ...(requests_per_second !== undefined && { requestsPerSecond: requests_per_second }),
      }
      return { policy: toPolicy(sections), host }
    },
  )
  .meta({
    title: 'infrafabric.yaml',
    description: 'Policy of a fabric, and configuration of the process that hosts it.',
  })

interface Sections {
  readonly resource_policy: z.output<typeof resourcePolicySection>
  readonly capability_registry: GovernorPolicy['capabilityRegistry']
  readonly budgets: GovernorPolicy['budgets']
  readonly prices: GovernorPolicy['prices']
  readonly breakers: Omit<GovernorPolicy['breaker'], 'failureThreshold'>
  readonly help: GovernorPolicy['help']
  readonly escalation: z.output<typeof escalationSection>
  readonly chassis?: GovernorPolicy['chassis']
}

function toPolicy({ resource_policy: resource, ...sections }: Sections): GovernorPolicy {
  const maxCost = resource.max_cost_per_task
  return {
    maxSwarmsPerTask: resource.max_swarms_per_task,
    ...(maxCost !== undefined && { maxCostPerTaskNanos: maxCost }),
    minCapabilityMatch: resource.min_capability_match,
    minReputation: resource.minimum_reputation,
    tiers: resource.tiers,
    assumedCostPerHourNanos: resource.assumed_cost_per_hour,
    knownCapabilitiesOnly: resource.known_capabilities_only,
    capabilityRegistry: sections.capability_registry,
    capabilityRules: resource.capability_rules,
    breaker: { failureThreshold: resource.circuit_breaker_failure_threshold, ...sections.breakers },
    help: sections.help,
    escalationMs: sections.escalation.expires_after,
    budgets: sections.budgets,
    prices: sections.prices,
    ...(sections.chassis !== undefined && { chassis: sections.chassis }),
  }
}
