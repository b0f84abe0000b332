// Inventory's settings. The one file of it that reads the environment.
import { z } from 'zod';
import {
  databaseSettings,
  databaseSettingsFit,
  processSettings,
  readConfig,
  urlSetting,
} from '@orderflow/shared/runtime/config.ts';
import { kafkaSettings, kafkaSettingsFit } from '@orderflow/shared/runtime/kafkaSettings.ts';

const settings = z.object({
  ...processSettings(3012),
  ...databaseSettings('inventory'),
  ...kafkaSettings(),
  /** Asked to send again what Kafka has lost. */
  ORDERS_URL: urlSetting().prefault('http://127.0.0.1:3013'),
});

export type InventoryConfig = z.output<typeof settings>;

/** Reads the settings. Throws ConfigError that lists every fault. */
export function readInventoryConfig(): InventoryConfig {
  return readConfig(
    settings.superRefine(databaseSettingsFit).superRefine(kafkaSettingsFit),
    process.env,
  );
}
