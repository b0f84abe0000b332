// The gateway's settings.
import { z } from 'zod';
import {
  millisecondsSetting,
  numberSetting,
  processSettings,
  readConfig,
  urlSetting,
} from '@orderflow/shared/runtime/config.ts';

const settings = z.object({
  ...processSettings(3008),
  USERS_URL: urlSetting().prefault('http://127.0.0.1:3011'),
  INVENTORY_URL: urlSetting().prefault('http://127.0.0.1:3012'),
  ORDERS_URL: urlSetting().prefault('http://127.0.0.1:3013'),
  /** How long a client of `POST /order` waits for the decision. */
  ORDER_WAIT_MS: millisecondsSetting().prefault('10000'),
  /** Connections that orders travel on; behind a balancer they reach as many instances of orders. */
  ORDER_STREAMS: numberSetting('connections to orders', 1, 64).prefault('2'),
  /** How long any other answer of a service may take. */
  UPSTREAM_TIMEOUT_MS: millisecondsSetting().prefault('15000'),
});

export type GatewayConfig = z.output<typeof settings>;

/** Reads the settings from the environment. Throws ConfigError with all faults at once. */
export function readGatewayConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
): GatewayConfig {
  return readConfig(settings, env);
}
