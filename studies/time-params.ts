/** The parameters of time patching. */
import { PROMPT_PARAMS } from './prompt-params.ts'

export const TIME_PARAMS = {
  clean: {
    kind: 'prompt',
    label: 'Clean prompt',
    help: 'The prompt whose answer we want; its activations are the donors.',
    default: 'the time displayed is 9:00 am. therefore, it is currently the',
  },
  corrupted: {
    kind: 'prompt',
    label: 'Corrupted prompt',
    help: 'Minimally different, with as many tokens; it is patched.',
    default: 'the time displayed is 9:00 pm. therefore, it is currently the',
    alignsWith: 'clean',
  },
  answer: {
    kind: 'tokens',
    label: 'Answer',
    help: 'The clean prompt’s answer; several count as one, by their mean logit.',
    default: [' morning'],
  },
  against: {
    kind: 'tokens',
    label: 'Against',
    help: 'The answers that the logit difference is taken against, by their mean logit.',
    default: [' afternoon', ' evening'],
  },
  pairs: {
    kind: 'pairs',
    label: 'Prompt pairs for neurons',
    help: 'Clean and corrupted prompts over which neurons are counted. Leave empty to skip neurons.',
    default: [
      [
        'the time displayed is 6:00 am. therefore, it is currently the',
        'the time displayed is 6:00 pm. therefore, it is currently the',
      ],
      [
        'the time displayed is 7:00 am. therefore, it is currently the',
        'the time displayed is 7:00 pm. therefore, it is currently the',
      ],
      [
        'the time displayed is 8:00 am. therefore, it is currently the',
        'the time displayed is 8:00 pm. therefore, it is currently the',
      ],
      [
        'the time displayed is 9:30 am. therefore, it is currently the',
        'the time displayed is 9:30 pm. therefore, it is currently the',
      ],
      [
        'the clock on the wall reads 8:15 am. so it must be the',
        'the clock on the wall reads 8:15 pm. so it must be the',
      ],
      ['my watch says 6:45 am. this means that it is the', 'my watch says 6:45 pm. this means that it is the'],
    ],
  },
  neuronLayers: {
    kind: 'layers',
    label: 'Layers of neurons',
    help: 'Layers whose MLP neurons are patched: all, last, or a list such as 0-3,7.',
    default: 'all',
    advanced: true,
  },
  topNeurons: {
    kind: 'number',
    label: 'Top neurons a pair',
    help: 'A neuron recurs when it is among this many largest effects of several pairs.',
    default: 20,
    min: 1,
    max: 1000,
    integer: true,
    advanced: true,
  },
  ...PROMPT_PARAMS,
} as const
