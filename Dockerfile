# Latchkey in production: `latchkey serve` by default, any other command in its place.
# It needs no init process: it handles SIGTERM itself and starts no children of its own.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY sandbox/package.json ./sandbox/
# The compiler is an optional dependency of its own package, one for each platform.
RUN npm ci --ignore-scripts
COPY src ./src
# The sandbox is for trying Latchkey out, never for production: it is not copied.
RUN npm run build:bundle

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY sandbox/package.json ./sandbox/
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY evidence ./evidence
# `latchkey init` writes a first set-up from them.
COPY manifest.yml ./
COPY examples ./examples
# The script for hosts is printed from here.
COPY integrations ./integrations
RUN ln -s /app/dist/bundle/latchkey.js /usr/local/bin/latchkey
USER node
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "/app/dist/bundle/healthcheck.js"]
ENTRYPOINT ["node", "/app/dist/bundle/latchkey.js"]
CMD ["serve"]
