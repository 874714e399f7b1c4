using System.Text;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Preparation;

/// <summary>Turns chats, pairs, rankings or prompts into a prepared data folder.</summary>
/// <remarks>The records are streamed up to three times, as in <see cref="CorpusPreparation"/>, with the same promises.</remarks>
internal sealed class ChatPreparation
{
    private const long ReportBytes = 4 << 20;
    private readonly PreparationOptions options;
    private readonly IProgress<PreparationProgress>? progress;
    private readonly CancellationToken cancellation;
    private readonly ChatTemplate template;
    private readonly ChatReader reader;
    private readonly PromptSplit split;
    private readonly LengthLimit limit;

    public ChatPreparation(PreparationOptions options, IProgress<PreparationProgress>? progress, CancellationToken cancellation)
    {
        (this.options, this.progress, this.cancellation) = (options, progress, cancellation);
        template = ChatTemplate.Find(options.Template ?? PreparationOptions.DefaultTemplate);
        reader = Interruptible.Run(() => new ChatReader(options.Source, options.Kind, template, cancellation), cancellation);
        split = new PromptSplit(options.Seed);
        limit = new LengthLimit(options.MaxTokens, options.TooLong, options.Kind);
    }

    /// <summary>What is in the inputs but not in the data.</summary>
    public Omissions Omissions => reader.Omissions with { TooLong = [.. limit.Lines] };

    /// <summary>Reads the inputs once if a validation split is asked for, and makes the tokenizer.</summary>
    /// <exception cref="UserErrorException">A record is malformed, or the tokenizer lacks special tokens of the template.</exception>
    public ITokenizer Survey()
    {
        IReadOnlyList<string> special = [.. template.SpecialTokens.Union(options.SpecialTokens)];
        var tokenizer = TokenizerChoice.Untrained(options, special);
        try
        {
            if (tokenizer is not null)
                Encoder(tokenizer);
            if (options.ValidationFraction > 0)
            {
                foreach (var (group, _, _) in Reported(PreparationStage.Dividing))
                    split.Add(group);
                split.Choose(options.ValidationFraction, options.Kind);
            }

            return tokenizer ?? TokenizerChoice.Trained(options, special, Sample(), cancellation);
        }
        catch
        {
            tokenizer?.Dispose();
            throw;
        }
    }

    /// <summary>Writes tokens and everything that belongs to them into a folder, and returns its index.</summary>
    public TokenIndex Write(ITokenizer tokenizer, string folder)
    {
        var encoder = Encoder(tokenizer);
        using var train = Writer("train");
        using var validation = Writer("held-out");
        using var groups = reader.Read(cancellation).GetEnumerator();
        for (var batch = new GroupBatch(); batch.Fill(groups);)
        {
            batch.Encode(encoder, options.Targets is AnswerTargets.Last, cancellation);
            foreach (var (placed, sequences, bytes) in batch.Encoded())
            {
                if (limit.Admits(sequences, placed.Place))
                    (split.IsValidation(placed.Group) ? validation : train)
                        .Append(sequences, bytes, placed.Group.Margin, placed.Group.Reference);
            }

            progress?.Report(new(PreparationStage.Encoding, batch.BytesRead, reader.TotalBytes));
        }

        var trained = train.Finish() ?? throw new UserErrorException(
            $"The inputs leave no {options.Kind.Noun()} to train on"
            + $"{string.Concat(Omissions.Lines().Take(1).Select(static line => $" ({line})"))}: name others with --input.");
        return new TokenIndex(
            TokenIndex.ChatFormat, tokenizer.Identity, tokenizer.VocabularySize, tokenizer.EndOfText,
            TokenIndex.WidthFor(tokenizer.VocabularySize), options.ShardTokens, trained, validation.Finish(), "",
            new ChatIndex(options.Kind, template.Identity, template)).Sealed();

        SequenceWriter Writer(string name) =>
            new(folder, name, options.Kind, tokenizer.VocabularySize, tokenizer.EndOfText, options.ShardTokens);
    }

    private ChatEncoder Encoder(ITokenizer tokenizer) => new(template, tokenizer, options.TokenizerFrom ?? "the data");

    private TextSample Sample()
    {
        SentencePieceLibrary.Require();
        var sample = new TextSample(options.Seed, options.TokenizerSampleBytes);
        foreach (var (group, _, _) in Reported(PreparationStage.Sampling).Where(placed => !split.IsValidation(placed.Group)))
        {
            foreach (var message in GroupBatch.Messages(group))
            {
                var text = Encoding.UTF8.GetBytes(message.Content);
                sample.Offer(text, text.Length);
            }
        }

        progress?.Report(new(PreparationStage.TrainingTokenizer, 0, reader.TotalBytes));
        return sample;
    }

    /// <summary>The groups, with a progress report every few megabytes.</summary>
    private IEnumerable<PlacedGroup> Reported(PreparationStage stage)
    {
        var told = 0L;
        foreach (var group in reader.Read(cancellation))
        {
            yield return group;
            if (group.BytesRead - told >= ReportBytes)
                progress?.Report(new(stage, told = group.BytesRead, reader.TotalBytes));
        }
    }
}
