// SPDX-License-Identifier: MIT
// The people of the authorization server. Subjects are opaque on purpose: no test may mistake one for a name.
export const people = new Map(Object.entries({
  alice: {
    sub: '5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c001',
    name: 'Alice Liddell',
    email: 'alice@example.org',
    email_verified: true,
    groups: ['staff', 'operators'],
  },
  bob: {
    sub: '5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c002',
    name: 'Bob Cratchit',
    email: 'bob@example.org',
    email_verified: true,
    groups: ['staff'],
  },
  carol: {
    sub: '5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c003',
    name: 'Carol Danvers',
    email: 'carol@example.org',
    email_verified: false,
    groups: [],
  },
  mallory: {
    sub: '5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c004',
    name: 'Mallory',
    email: 'mallory@elsewhere.example',
    email_verified: true,
    groups: ['guests'],
  },
}));

for (const [name, claims] of people) claims.preferred_username = name;

/** The name somebody signs in with does not change when a test changes what the provider says about them. */
export function findBySubject(sub) {
  return [...people.values()].find((claims) => claims.sub === sub);
}
