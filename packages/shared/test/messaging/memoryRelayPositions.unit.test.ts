// The relay's positions in memory keep the contract of those in MySQL.
import { MemoryRelayPositions } from '../../src/messaging/memoryRelayPositions.ts';
import { relayPositionsContract } from '../../src/testing/relayPositionsContract.ts';

relayPositionsContract('memory', (partitionCount) =>
  Promise.resolve(new MemoryRelayPositions(partitionCount)),
);
