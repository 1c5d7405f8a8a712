// Reads [{principal, account, policies, resourcePolicy, endpointPolicy, action, resource, context}]
// from standard input; writes the results in the same order. A request that the simulator does not
// take (an unknown action, a context key that does not exist) ends it: a typing error must not read
// as "denied".
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(`${process.argv[2]}/`);
const { runSimulation } = require("@cloud-copilot/iam-simulate");

const named = (policies) => policies.map((policy, number) => ({ name: `policy-${number}`, policy }));

async function simulate(request) {
  const result = await runSimulation(
    {
      request: {
        principal: request.principal,
        action: request.action,
        resource: { resource: request.resource, accountId: request.account },
        contextVariables: request.context,
      },
      identityPolicies: named(request.policies),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: request.resourcePolicy,
      vpcEndpointPolicies: request.endpointPolicy ? named([request.endpointPolicy]) : undefined,
    },
    {},
  );
  if (result.resultType === "error") {
    throw new Error(`${request.action} on ${request.resource}: ${JSON.stringify(result.errors)}`);
  }
  const ignored = result.result?.ignoredContextKeys ?? [];
  return { result: result.overallResult, ignored };
}

const results = [];
for (const request of JSON.parse(await text(process.stdin))) {
  results.push(await simulate(request));
}
process.stdout.write(JSON.stringify(results));
