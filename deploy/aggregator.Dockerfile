# The aggregator and the costel command, without the embedded engine (ClickHouse is a server of its own here).
FROM node:22.23.3-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc tsconfig.base.json tsconfig.json ./
COPY packages packages
COPY scripts scripts
COPY test/sdks test/sdks
COPY examples examples
# Not in the image: the embedded engine (540 MB, loaded on demand, and never here), and what applications are instrumented with.
RUN npm install --no-save --no-audit --no-fund && node scripts/build.mjs && rm -rf test examples && npm prune --omit=dev \
    && rm -rf node_modules/chdb node_modules/@chdb node_modules/@opentelemetry node_modules/@grpc packages/*/src packages/*/test \
    packages/instrumentation packages/node node_modules/@costel/instrumentation node_modules/@costel/node

FROM node:22.23.3-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/packages packages
USER node
EXPOSE 4320
ENTRYPOINT ["node", "packages/cli/bin/costel.cjs"]
CMD ["aggregator"]
