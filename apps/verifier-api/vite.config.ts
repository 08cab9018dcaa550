import { defineConfig } from "vite";

/** The functions of the deployment are one file that needs nothing beside it: a platform's own compiler never sees our sources. */
export default defineConfig({
  ssr: { noExternal: true },
  build: {
    ssr: "src/vercel/main.ts",
    outDir: "dist",
    target: "node24",
    rollupOptions: { output: { entryFileNames: "service.js" } },
  },
});
