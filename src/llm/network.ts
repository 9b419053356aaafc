import type { LanguageModel } from 'ai';
import { MOST_ANSWER } from './complete.ts';
import type { Completion, Model } from './complete.ts';

/** Tokens that an answer may have: some dozen sparse configs with reasons. */
const ANSWER_TOKENS = 4096;

export type Service =
  | { readonly kind: 'openai' | 'anthropic'; readonly model: string; readonly key: string }
  /** Any server that speaks the chat completions of OpenAI. */
  | { readonly kind: 'compatible'; readonly url: string; readonly model: string; readonly key: string | undefined };

/** A model behind a network service. The prompt goes to that service and nowhere else; its key is in no message. */
export function networkModel(service: Service): Model {
  const name = service.kind === 'compatible' ? `${service.url}#${service.model}` : `${service.kind}:${service.model}`;
  return {
    name,
    async complete(prompt, signal): Promise<Completion> {
      // Loaded only where a service is used: it costs every start a tenth of a second.
      const { generateText } = await import('ai');
      Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
      try {
        const answer = await generateText({
          model: await modelOf(service),
          instructions: prompt.instructions,
          prompt: prompt.text,
          maxOutputTokens: ANSWER_TOKENS,
          maxRetries: 2,
          abortSignal: signal,
        });
        const { inputTokens, outputTokens } = answer.usage;
        if (answer.text.length > MOST_ANSWER)
          return { ok: false, reason: `more than ${MOST_ANSWER} characters of answer`, fatal: false };
        if (answer.text === '')
          return {
            ok: false,
            reason: `an empty answer (${answer.finishReason})`,
            fatal: answer.finishReason === 'content-filter',
          };
        return {
          ok: true,
          text: answer.text,
          ...(inputTokens === undefined ? {} : { inputTokens }),
          ...(outputTokens === undefined ? {} : { outputTokens }),
        };
      } catch (error) {
        return signal.aborted ? { ok: false, reason: 'no answer in time', fatal: false } : refusal(error, service.key);
      }
    },
  };
}

async function modelOf(service: Service): Promise<LanguageModel> {
  switch (service.kind) {
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai');
      return createOpenAI({ apiKey: service.key })(service.model);
    }
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic');
      return createAnthropic({ apiKey: service.key })(service.model);
    }
    case 'compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      const key = service.key === undefined ? {} : { apiKey: service.key };
      return createOpenAICompatible({ name: 'compatible', baseURL: service.url, ...key })(service.model);
    }
    default:
      return service satisfies never;
  }
}

/** Name, status and message of an error: the object itself holds the whole request. */
function refusal(error: unknown, key: string | undefined): Completion {
  const last = error instanceof Error && 'lastError' in error ? error.lastError : error;
  const status =
    last instanceof Error && 'statusCode' in last && typeof last.statusCode === 'number' ? last.statusCode : undefined;
  const message =
    last instanceof Error
      ? `${last.message}${last.cause instanceof Error ? `: ${last.cause.message}` : ''}`
      : String(last);
  const reason = `${status === undefined ? '' : `${status}: `}${message}`.slice(0, 300);
  const fatal = status !== undefined && status >= 400 && status < 500 && status !== 429 && status !== 408;
  return { ok: false, reason: key === undefined || key === '' ? reason : reason.replaceAll(key, '…'), fatal };
}
