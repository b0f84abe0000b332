// The orders service's settings. The one file of it that reads the environment.
import { z } from 'zod';
import {
  databaseSettings,
  databaseSettingsFit,
  millisecondsSetting,
  processSettings,
  readConfig,
  urlSetting,
} from '@orderflow/shared/runtime/config.ts';
import { kafkaSettings, kafkaSettingsFit } from '@orderflow/shared/runtime/kafkaSettings.ts';

const secret = 'a secret of at least 16 characters';

const settings = z.object({
  ...processSettings(3013),
  ...databaseSettings('orders'),
  ...kafkaSettings(),
  /** Asked about users that no message has told of yet, and to send again what Kafka has lost. */
  USERS_URL: urlSetting().prefault('http://127.0.0.1:3011'),
  /** Asked to send again what Kafka has lost. */
  INVENTORY_URL: urlSetting().prefault('http://127.0.0.1:3012'),
  /** How long a request waits for its order's decision before it is answered 202. */
  ORDER_WAIT_MS: millisecondsSetting().prefault('10000'),
  /** Keys the HMAC by which a repeated request is known. Once changed, repeats of older orders are taken for others. */
  IDEMPOTENCY_SECRET: z.string(secret).min(16, secret).default('orderflow-local-secret'),
});

export type OrdersConfig = z.output<typeof settings>;

/** Reads the settings. Throws ConfigError that lists every fault. */
export function readOrdersConfig(): OrdersConfig {
  return readConfig(
    settings.superRefine(databaseSettingsFit).superRefine(kafkaSettingsFit),
    process.env,
  );
}
