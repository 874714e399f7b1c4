using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Data.Preparation;

/// <summary>Turns texts, or chats and the like, into a prepared data folder: token shards for training and for validation, an index and the
/// tokenizer.</summary>
/// <remarks>The corpus is streamed up to three times: to split it, to train a tokenizer, and to encode it. The same texts and options give
/// the same bytes. The folder is created atomically at the end; after an error, a cancellation or a kill, an existing one is
/// unchanged.</remarks>
public static class CorpusPreparation
{
    private const long ReportBytes = 4 << 20;

    /// <param name="progress">Reported every few megabytes.</param>
    /// <param name="cancellation">On cancellation nothing is left on disk.</param>
    /// <exception cref="UserErrorException">An option or an input is invalid, or the output cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static PreparationSummary Run(
        PreparationOptions options, IProgress<PreparationProgress>? progress = null, CancellationToken cancellation = default)
    {
        options.Require();
        StagedFolder.Refuse(options.Output, options.Force, FolderContent.PreparedData);
        if (options.Kind is not DataKind.Text)
        {
            var chats = new ChatPreparation(options, progress, cancellation);
            using var ofChats = chats.Survey();
            return Staged(options, ofChats, folder => chats.Write(ofChats, folder), () => ("the same prompts together", chats.Omissions));
        }

        var reader = Interruptible.Run(() => new DocumentReader(options.Source, cancellation), cancellation);
        IReadOnlyList<string> special = options.Template is { } template
            ? [.. ChatTemplate.Find(template).SpecialTokens.Union(options.SpecialTokens)] : options.SpecialTokens;
        var split = SplitOf(options, reader, progress, cancellation);
        using var tokenizer = TokenizerChoice.Untrained(options, special)
            ?? TokenizerChoice.Trained(options, special, SampleOf(options, reader, split, progress, cancellation), cancellation);
        return Staged(options, tokenizer, folder => Write(options, reader, split, tokenizer, folder, progress, cancellation),
            () => (split.Rule, reader.Omissions));
    }

    /// <summary>Writes a folder and moves it into place.</summary>
    private static PreparationSummary Staged(
        PreparationOptions options, ITokenizer tokenizer, Func<string, TokenIndex> write, Func<(string Split, Omissions Omissions)> report)
    {
        var index = StagedFolder.Write(options.Output, options.Force, FolderContent.PreparedData, folder =>
        {
            tokenizer.Save(folder);
            var written = write(folder);
            written.Write(folder);
            return written;
        });
        var (split, omissions) = report();
        return new PreparationSummary(
            options.Output, index.Sha256, index.VocabularySize, Reported(index.Train), index.Validation is { } validation
                ? Reported(validation) : null)
        {
            Split = split,
            Omissions = omissions,
        };
    }

    internal static UserErrorException NoText() => new("The inputs contain no text: name others with --input.");

    private static ValidationSplit SplitOf(
        PreparationOptions options, DocumentReader reader, IProgress<PreparationProgress>? progress, CancellationToken cancellation)
    {
        if (options.ValidationFraction == 0)
            return ValidationSplit.None;
        using var survey = new CorpusSurvey(options.Seed, reader.Files.Count);
        foreach (var piece in Reported(PreparationStage.Dividing, reader, progress, cancellation))
            survey.Add(piece);
        return survey.Split(options.ValidationFraction);
    }

    private static TextSample SampleOf(
        PreparationOptions options, DocumentReader reader, ValidationSplit split, IProgress<PreparationProgress>? progress,
        CancellationToken cancellation)
    {
        SentencePieceLibrary.Require();
        var sample = new TextSample(options.Seed, options.TokenizerSampleBytes);
        foreach (var piece in split.Apply(Reported(PreparationStage.Sampling, reader, progress, cancellation))
            .Where(static piece => !piece.IsValidation))
            sample.Offer(piece.Text.Span, piece.IsWhole ? piece.Text.Length : reader.Files[piece.Source].Length);
        progress?.Report(new(PreparationStage.TrainingTokenizer, 0, reader.TotalBytes));
        return sample;
    }

    /// <summary>The corpus, with a progress report every few megabytes.</summary>
    private static IEnumerable<DocumentPiece> Reported(
        PreparationStage stage, DocumentReader reader, IProgress<PreparationProgress>? progress, CancellationToken cancellation)
    {
        var told = 0L;
        foreach (var piece in reader.Read(cancellation))
        {
            yield return piece;
            if (piece.BytesRead - told >= ReportBytes)
                progress?.Report(new(stage, told = piece.BytesRead, reader.TotalBytes));
        }
    }

    private static TokenIndex Write(
        PreparationOptions options, DocumentReader reader, ValidationSplit split, ITokenizer tokenizer, string folder,
        IProgress<PreparationProgress>? progress, CancellationToken cancellation)
    {
        using var train = new PartWriter(folder, "train", tokenizer.VocabularySize, tokenizer.EndOfText, options.ShardTokens);
        using var validation = new PartWriter(folder, "held-out", tokenizer.VocabularySize, tokenizer.EndOfText, options.ShardTokens);
        using var pieces = split.Apply(reader.Read(cancellation)).GetEnumerator();
        var (current, next) = (new DocumentBatch(), new DocumentBatch());
        for (var more = current.Fill(pieces); more;)
        {
            // The next batch is read while this one is encoded and written; nothing else uses the reader meanwhile.
            var reading = Task.Run(() => next.Fill(pieces), CancellationToken.None);
            try
            {
                current.Encode(tokenizer, cancellation);
                foreach (var (ids, bytes, end, isValidation) in current.Encoded())
                    (isValidation ? validation : train).Append(ids.Span, bytes, end);
                progress?.Report(new(PreparationStage.Encoding, current.BytesRead, reader.TotalBytes));
            }
            finally
            {
                Task.WaitAny([reading], CancellationToken.None);
            }

            more = reading.GetAwaiter().GetResult();
            (current, next) = (next, current);
        }

        var trained = train.Finish() ?? throw NoText();
        return new TokenIndex(
            TokenIndex.TextFormat, tokenizer.Identity, tokenizer.VocabularySize, tokenizer.EndOfText,
            TokenIndex.WidthFor(tokenizer.VocabularySize), options.ShardTokens, trained, validation.Finish(), "").Sealed();
    }

    private static PreparedPart Reported(PartIndex part) => new(part.Documents, part.Bytes, part.Tokens, part.UnigramEntropy)
    {
        Sequences = part.Sequences is { } sequences ? new(sequences.Groups, sequences.TargetCount, sequences.Longest) : null,
    };
}
