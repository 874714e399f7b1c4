using ActorTrain.Data.Chats;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Data.Preparation;

/// <summary>Which turns of the assistant are to be learnt.</summary>
public enum AnswerTargets
{
    All,

    /// <summary>The last one of each sequence.</summary>
    Last,
}

public sealed record PreparationOptions : IOptions
{
    public const string DefaultTemplate = "chatml";

    public required SourceOptions Source { get; init; }

    [Option("Output folder.")]
    public required string Output { get; init; }

    [Option("Tokenizer to use; bpe and unigram are trained on the text.")]
    public TokenizerKind Tokenizer { get; init; } = TokenizerKind.Bpe;

    [Option("Vocabulary size of a trained tokenizer.",
        Min = SentencePieceTraining.SmallestVocabulary, Max = SentencePieceTraining.LargestVocabulary)]
    public int VocabularySize { get; init; } = 4096;

    [Option("Reuse the tokenizer of this prepared folder or run.")]
    public string? TokenizerFrom { get; init; }

    /// <summary>Limit of <see cref="TokenizerSampleBytes"/>: SentencePiece ends the process if it counts more than 2^31
    /// characters.</summary>
    public const long LargestSample = 1 << 30;

    [Option("Maximum amount of text to train the tokenizer on.", Min = 1, Max = LargestSample)]
    public long TokenizerSampleBytes { get; init; } = 16 << 20;

    [Option(
        "Fraction for validation: of text whole files if that comes close, else documents, else the end of the largest document; of other "
        + "kinds by prompt.",
        Key = "held-out", Max = 0.5)]
    public double ValidationFraction { get; init; } = 0.02;

    [Option("Seed for choosing the validation split and the tokenizer's training text.")]
    public ulong Seed { get; init; } = 1;

    [Option("Tokens per shard.", Min = 1024, Max = 1L << 40)]
    public long ShardTokens { get; init; } = 1 << 26;

    [Option("What the records are: text for pretraining; chats, preference pairs, rankings or prompts for post-training.")]
    public DataKind Kind { get; init; } = DataKind.Text;

    [Option("Chat template: chatml (default), llama2, llama3, gemma, mistral, plain or a file; for text, reserve its special tokens.")]
    public string? Template { get; init; }

    [Option("Reserve special tokens, which no text encodes to, in a new tokenizer.", Key = "special")]
    public EquatableArray<string> SpecialTokens { get; init; }

    [Option("Turns of the assistant that are targets.")]
    public AnswerTargets Targets { get; init; } = AnswerTargets.All;

    [Option("Most tokens of a chat, an answer with its prompt, or a prompt; 0 is no limit.")]
    public int MaxTokens { get; init; }

    [Option("What happens to longer ones: refuse the input, skip them, or keep their beginnings.")]
    public TooLong TooLong { get; init; } = TooLong.Refuse;

    [Option("Replace an output folder written by an earlier 'prepare'.")]
    public bool Force { get; init; }

    public IEnumerable<OptionProblem> Validate()
    {
        if (string.IsNullOrWhiteSpace(Output))
            yield return new($"{nameof(Output):key} is empty: name a folder.");
        if (!Enum.IsDefined(Tokenizer))
            yield return new($"{nameof(Tokenizer):key} is unknown: choose bytes, bpe or unigram.");
        if (TokenizerFrom is not null && SpecialTokens.Count > 0)
            yield return new(
                $"{nameof(SpecialTokens):key} reserves tokens in a new tokenizer, but {nameof(TokenizerFrom):key} reuses one: omit one.");
        if (TokenizerFrom is not null && Kind is DataKind.Text && Template is not null)
            yield return new(
                $"{nameof(Template):key} reserves tokens in a new tokenizer, but {nameof(TokenizerFrom):key} reuses one: omit one.");
        if (Kind is DataKind.Text && (MaxTokens > 0 || TooLong is not TooLong.Refuse || Targets is not AnswerTargets.All))
            yield return new(
                $"{nameof(MaxTokens):key}, {nameof(TooLong):key} and {nameof(Targets):key} do not apply to text: omit them.");
        if (TooLong is not TooLong.Refuse && MaxTokens == 0)
            yield return new($"{nameof(TooLong):key} has no effect without {nameof(MaxTokens):key}: pass both or neither.");
        if (TooLong is TooLong.KeepStart && Kind is DataKind.Prompts)
            yield return new(
                $"{nameof(TooLong):key} keep-start would cut off the questions of prompts: choose skip or refuse.");
    }
}
