// What the environment tells the test's stack. The one file of it that reads the environment.
import { compiledCode } from '@orderflow/shared/testing/infra.ts';

/** The tag of the images that the services are containers of; undefined: they are processes. `npm test` chooses and says so. */
export function imagesTag(): string | undefined {
  const tag = process.env.ORDERFLOW_TEST_IMAGES;
  return tag === '' ? undefined : tag;
}

/** The environment for programs that a test starts: where they are found, and for docker its engine. */
export function programEnvironment(): Record<string, string | undefined> {
  const { PATH, HOME, DOCKER_HOST, DOCKER_CONFIG, DOCKER_CONTEXT } = process.env;
  return { PATH, HOME, DOCKER_HOST, DOCKER_CONFIG, DOCKER_CONTEXT, ...compiledCode() };
}
