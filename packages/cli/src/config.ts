// The settings of the verbs: those of the services, by the same names. The one file of it that reads the environment.
import { z } from 'zod';
import {
  databaseSettings,
  databaseSettingsFit,
  readConfig,
  textSetting,
} from '@orderflow/shared/runtime/config.ts';
import { kafkaSettings, kafkaSettingsFit } from '@orderflow/shared/runtime/kafkaSettings.ts';
import type { MigrationConfig } from '@orderflow/shared/runtime/serviceDatabase.ts';

/** Reads how to reach the database of a service as its migration user. Throws ConfigError that lists every fault. */
export function readMigrationConfig(service: string): MigrationConfig {
  const settings = z
    .object({ ...databaseSettings(service), MYSQL_ADMIN_USER: textSetting('the migration user') })
    .superRefine(databaseSettingsFit);
  return readConfig(settings, process.env);
}

const kafkaAdminSettings = z.object(kafkaSettings()).superRefine(kafkaSettingsFit);

/** Reads how to reach Kafka as an administrator, and what stands before the topics. Throws ConfigError that lists every fault. */
export function readKafkaAdminConfig(): z.output<typeof kafkaAdminSettings> {
  return readConfig(kafkaAdminSettings, process.env);
}
