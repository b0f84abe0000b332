#!/usr/bin/env node
// The command `orderflow`: a verb a file.
import { Command } from 'commander';
import { backupCommand } from './backup.ts';
import { certificateCommand } from './certificate.ts';
import { kafkaAclsCommand } from './kafkaAcls.ts';
import { migrateCommand } from './migrate.ts';
import { parkedCommand } from './parked.ts';
import { rebuildCommand } from './rebuild.ts';
import { refillCommand } from './refill.ts';
import { restoreCommand } from './restore.ts';
import { streamCommand } from './stream.ts';
import { verifyCommand } from './verify.ts';
import { whyCommand } from './why.ts';

// As the first process of a container it would otherwise not be ended by them: the kernel has no default for that one.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1));

await new Command('orderflow')
  .description('Administers Orderflow.')
  .addCommand(verifyCommand())
  .addCommand(whyCommand())
  .addCommand(streamCommand())
  .addCommand(certificateCommand())
  .addCommand(migrateCommand())
  .addCommand(kafkaAclsCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(parkedCommand())
  .addCommand(rebuildCommand())
  .addCommand(refillCommand())
  .parseAsync();
