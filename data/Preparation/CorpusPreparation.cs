using System.Buffers;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Preparation;

/// <summary>Turns texts into a prepared data folder: token shards, an index, the tokenizer and a held-out split by document.</summary>
/// <remarks>The corpus is streamed, twice when a tokenizer is trained. The same texts and options give the same bytes. The folder appears as a whole at
/// the end; after an error, a cancellation or a kill, what was at its place is as it was.</remarks>
public static class CorpusPreparation
{
    private const long SamplingReportBytes = 4 << 20;

    /// <summary>Prepares a corpus.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told how far it is, after every few megabytes.</param>
    /// <param name="cancellation">Stops it; nothing is left on disk.</param>
    /// <exception cref="UserErrorException">An option or an input is bad, or the output cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static PreparationSummary Run(
        PreparationOptions options, IProgress<PreparationProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        StagedFolder.Refuse(options.Output, options.Force);
        var reader = new DocumentReader(options.Source);
        var split = new HeldOutSplit(options.Seed, options.HeldOutFraction);
        using var tokenizer = TokenizerOf(options, reader, split, progress, cancellation);
        using var staged = new StagedFolder(options.Output, options.Force);
        try
        {
            tokenizer.Save(staged.Staging);
            var index = Write(options, reader, split, tokenizer, staged.Staging, progress, cancellation);
            index.Write(staged.Staging);
            staged.Commit();
            return new PreparationSummary(
                options.Output, index.Sha256, index.VocabularySize, Reported(index.Train), index.HeldOut is { } heldOut ? Reported(heldOut) : null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"The output folder {options.Output} cannot be written: {error.Message.TrimEnd('.')}; "
                + "make room or name another with --output.", error);
        }
    }

    private static ITokenizer TokenizerOf(
        PreparationOptions options, DocumentReader reader, HeldOutSplit split, IProgress<PreparationProgress>? progress,
        CancellationToken cancellation)
    {
        if (options.TokenizerFrom is { } folder)
        {
            return File.Exists(Path.Combine(folder, TokenizerFolder.DescriptionFile)) ? TokenizerFolder.Load(folder)
                : throw new UserErrorException($"There is no tokenizer in {folder}: name prepared data or a run with --tokenizer-from.");
        }

        if (options.Tokenizer is TokenizerKind.Bytes)
            return new ByteTokenizer();

        SentencePieceLibrary.Require();
        var sample = new TextSample(options.Seed, options.TokenizerSampleBytes);
        var ordinal = 0L;
        var told = 0L;
        foreach (var document in reader.Read(cancellation))
        {
            if (!split.IsHeldOut(ordinal))
                sample.Offer(ordinal, document);
            ordinal++;
            if (document.BytesRead - told >= SamplingReportBytes)
                progress?.Report(new(PreparationStage.Sampling, told = document.BytesRead, reader.TotalBytes));
        }

        progress?.Report(new(PreparationStage.TrainingTokenizer, 0, reader.TotalBytes));
        return SentencePieceTraining.Train(options.Tokenizer, options.VocabularySize, sample.Texts(), cancellation);
    }

    private static TokenIndex Write(
        PreparationOptions options, DocumentReader reader, HeldOutSplit split, ITokenizer tokenizer, string folder,
        IProgress<PreparationProgress>? progress, CancellationToken cancellation)
    {
        using var train = new PartWriter(folder, "train", tokenizer.VocabularySize, tokenizer.EndOfText, options.ShardTokens);
        using var heldOut = new PartWriter(folder, "held-out", tokenizer.VocabularySize, tokenizer.EndOfText, options.ShardTokens);
        var parts = new SplitWriter(train, heldOut, split);
        using var documents = reader.Read(cancellation).GetEnumerator();
        var (current, next) = (new DocumentBatch(), new DocumentBatch());
        for (var more = current.Fill(documents); more;)
        {
            // Reading the next batch goes on while this one is encoded and written; nobody else touches the reader meanwhile.
            var reading = Task.Run(() => next.Fill(documents), CancellationToken.None);
            try
            {
                current.Encode(tokenizer, cancellation);
                foreach (var (ids, bytes) in current.Encoded())
                    parts.Append(ids.Span, bytes);
                progress?.Report(new(PreparationStage.Encoding, current.BytesRead, reader.TotalBytes));
            }
            finally
            {
                Task.WaitAny([reading], CancellationToken.None);
            }

            more = reading.GetAwaiter().GetResult();
            (current, next) = (next, current);
        }

        parts.Finish();
        var trained = train.Finish() ?? throw new UserErrorException("The inputs hold no text at all: name others with --input.");
        return new TokenIndex(
            TokenIndex.CurrentFormat, tokenizer.Identity, tokenizer.VocabularySize, tokenizer.EndOfText,
            TokenIndex.WidthFor(tokenizer.VocabularySize), options.ShardTokens, trained, heldOut.Finish(), "").Sealed();
    }

    private static PreparedPart Reported(PartIndex part) => new(part.Documents, part.Bytes, part.Tokens, part.UnigramEntropy);

    /// <summary>Gives each document to its part. The last one waits until it is known to be the last: it is held out if nothing else was.</summary>
    private sealed class SplitWriter(PartWriter train, PartWriter heldOut, HeldOutSplit split)
    {
        private readonly ArrayBufferWriter<int> waiting = new();
        private long waitingBytes;
        private long ordinal;
        private bool anyHeldOut;

        public void Append(ReadOnlySpan<int> ids, int bytes)
        {
            if (ordinal > 0)
                Put(split.IsHeldOut(ordinal - 1));
            waiting.ResetWrittenCount();
            waiting.Write(ids);
            waitingBytes = bytes;
            ordinal++;
        }

        public void Finish()
        {
            if (ordinal > 0)
                Put(split.IsHeldOut(ordinal - 1) || (split.Wanted && !anyHeldOut && ordinal > 1));
        }

        private void Put(bool toHeldOut)
        {
            (toHeldOut ? heldOut : train).Append(waiting.WrittenSpan, waitingBytes);
            anyHeldOut |= toHeldOut;
        }
    }
}
