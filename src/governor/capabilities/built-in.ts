interface Domain {
  readonly meaning: string
  /** Skill, and what a swarm that has it can do. */
  readonly skills: Readonly<Record<string, string>>
}

/** What most projects need, by domain. Projects add their own under `capability_registry` in infrafabric.yaml. */
export const DOMAINS: Readonly<Record<string, Domain>> = {
  code: {
    meaning: 'Writing and changing programs',
    skills: {
      c: 'Write and change C',
      cpp: 'Write and change C++',
      csharp: 'Write and change C# and .NET',
      go: 'Write and change Go',
      java: 'Write and change Java',
      kotlin: 'Write and change Kotlin',
      php: 'Write and change PHP',
      python: 'Write and change Python',
      refactoring: 'Change the structure of code without changing what it does',
      ruby: 'Write and change Ruby',
      rust: 'Write and change Rust',
      shell: 'Write and change shell scripts',
      sql: 'Write and change SQL',
      swift: 'Write and change Swift',
      typescript: 'Write and change TypeScript and JavaScript',
    },
  },
  test: {
    meaning: 'Finding out whether it works',
    skills: {
      e2e: 'Test a whole system the way its users use it',
      fuzz: 'Find faults with random and broken input',
      integration: 'Test parts together with real files, servers and databases',
      load: 'Measure speed and endurance under load',
      property: 'Test properties over generated cases',
      unit: 'Test functions and classes alone',
    },
  },
  review: {
    meaning: 'Judging the work of others',
    skills: {
      architecture: 'Judge the structure of a system',
      code: 'Judge changes to code',
      docs: 'Judge texts for readers',
    },
  },
  plan: {
    meaning: 'Deciding what is done, and in which order',
    skills: {
      breakdown: 'Split work into tasks with dependencies and criteria',
      estimation: 'Estimate effort and cost',
      requirements: 'Find out what users need',
    },
  },
  design: {
    meaning: 'Deciding how it will be built',
    skills: {
      protocol: 'Design protocols and formats',
      system: 'Design systems and their parts',
      ux: 'Design what people see and touch',
    },
  },
  api: {
    meaning: 'Interfaces between programs',
    skills: {
      graphql: 'Design and build GraphQL interfaces',
      grpc: 'Design and build gRPC services',
      rest: 'Design and build HTTP interfaces',
    },
  },
  web: {
    meaning: 'What runs in a browser',
    skills: {
      accessibility: 'Make pages usable for everybody',
      css: 'Lay out and style pages',
      frontend: 'Build user interfaces for browsers',
    },
  },
  cli: {
    meaning: 'Programs for the terminal',
    skills: { ux: 'Design and build commands that people like to use' },
  },
  db: {
    meaning: 'Databases',
    skills: {
      migration: 'Change schemas without losing data',
      mysql: 'Design and run MySQL and MariaDB',
      postgres: 'Design and run PostgreSQL',
      redis: 'Design and run Redis and compatible stores',
      sqlite: 'Design and embed SQLite',
    },
  },
  data: {
    meaning: 'Moving, storing and understanding data',
    skills: {
      analysis: 'Answer questions from data',
      pipeline: 'Build flows that move and transform data',
      storage: 'Build storage engines and file formats',
    },
  },
  ml: {
    meaning: 'Machine learning and language models',
    skills: {
      evaluation: 'Measure the quality of models',
      prompting: 'Write prompts and tools for language models',
      training: 'Train and tune models',
    },
  },
  ops: {
    meaning: 'Running systems',
    skills: {
      ci: 'Build and mend continuous integration',
      containers: 'Build and run container images',
      incident: 'Find and end faults in running systems',
      kubernetes: 'Run workloads on Kubernetes',
      linux: 'Administer Linux machines',
      observability: 'Build metrics, logs, traces and alerts',
      terraform: 'Describe infrastructure as code',
    },
  },
  cloud: {
    meaning: 'Services of cloud vendors',
    skills: {
      aws: 'Build on Amazon Web Services',
      azure: 'Build on Microsoft Azure',
      gcp: 'Build on Google Cloud',
    },
  },
  deploy: {
    meaning: 'Bringing changes to where they are used',
    skills: {
      production: 'Deploy to production',
      rollback: 'Take a deployment back',
      staging: 'Deploy to staging',
    },
  },
  release: {
    meaning: 'Giving versions to users',
    skills: {
      notes: 'Write release notes and changelogs',
      packaging: 'Build packages and installers',
      publishing: 'Publish to a registry or store',
    },
  },
  net: {
    meaning: 'Networks and their protocols',
    skills: {
      dns: 'Configure and debug DNS',
      http: 'Build and debug HTTP servers, clients and proxies',
      sip: 'Build and debug SIP signalling',
      tcp: 'Build and debug protocols over TCP and UDP',
      webrtc: 'Build and debug WebRTC media and signalling',
    },
  },
  security: {
    meaning: 'Keeping systems and secrets safe',
    skills: {
      cryptography: 'Use cryptography correctly',
      identity: 'Build authentication and authorisation',
      review: 'Find weaknesses in code and design',
      secrets: 'Handle keys, tokens and passwords',
      wasm: 'Run untrusted WebAssembly in a sandbox',
    },
  },
  cost: {
    meaning: 'Money',
    skills: {
      accounting: 'Build budgets, prices and bookings',
      optimization: 'Make systems cheaper to run',
    },
  },
  docs: {
    meaning: 'Texts about the work',
    skills: {
      diagrams: 'Draw how things hang together',
      reference: 'Describe interfaces completely',
      translation: 'Translate texts between languages',
      writing: 'Write guides and explanations',
    },
  },
}
