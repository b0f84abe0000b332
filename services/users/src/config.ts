// The users service's settings. The one file of it that reads the environment.
import { z } from 'zod';
import {
  databaseSettings,
  databaseSettingsFit,
  processSettings,
  readConfig,
} from '@orderflow/shared/runtime/config.ts';
import { kafkaSettings, kafkaSettingsFit } from '@orderflow/shared/runtime/kafkaSettings.ts';

const settings = z.object({
  ...processSettings(3011),
  ...databaseSettings('users'),
  ...kafkaSettings(),
});

export type UsersConfig = z.output<typeof settings>;

/** Reads the settings. Throws ConfigError that lists every fault. */
export function readUsersConfig(): UsersConfig {
  return readConfig(
    settings.superRefine(databaseSettingsFit).superRefine(kafkaSettingsFit),
    process.env,
  );
}
