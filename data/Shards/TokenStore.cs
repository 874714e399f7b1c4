using ActorTrain.Data.Chats;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Shards;

/// <summary>An opened data folder: its tokenizer and its parts.</summary>
public sealed class TokenStore : IDisposable
{
    private readonly List<MappedFile> files = [];
    private readonly SequencePart? trainSequences;

    private TokenStore(string folder, TokenIndex index)
    {
        Folder = folder;
        Identity = index.Sha256;
        Kind = index.Chats?.Kind ?? DataKind.Text;
        Template = index.Chats?.Template;
        Tokenizer = TokenizerFolder.Load(folder);
        try
        {
            if (Tokenizer.Identity != index.Tokenizer)
            {
                throw new UserErrorException(
                    $"The tokenizer in {folder} is not the one its token files were written with: "
                    + $"restore the right one, or {TokenIndex.Fix}.");
            }

            Train = new TokenPart(folder, "training", index, index.Train, files);
            Validation = index.Validation is { } validation ? new TokenPart(folder, "validation", index, validation, files) : null;
            trainSequences = SequencesOf(Train, index.Train);
            ValidationSequences = Validation is { } validated ? SequencesOf(validated, index.Validation!) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Folder { get; }

    /// <summary>SHA-256 of all of the data, token files and tokenizer included.</summary>
    public string Identity { get; }

    /// <summary>Owned by the store.</summary>
    public ITokenizer Tokenizer { get; }

    public TokenPart Train { get; }

    /// <summary>Null if there is none.</summary>
    public TokenPart? Validation { get; }

    public DataKind Kind { get; }

    /// <summary>How its chats were encoded; null for text.</summary>
    public ChatTemplate? Template { get; }

    /// <summary>The chats, pairs, rankings or prompts for training.</summary>
    /// <exception cref="InvalidOperationException">The data is text.</exception>
    public SequencePart TrainSequences => trainSequences ?? throw new InvalidOperationException($"{Folder} holds text.");

    /// <summary>Null if there is none, or the data is text.</summary>
    public SequencePart? ValidationSequences { get; }

    /// <summary>The samples for training: sequences of <paramref name="context"/> tokens and the one after them, or groups, such as
    /// chats.</summary>
    /// <exception cref="UserErrorException">The text is shorter than one sample.</exception>
    public long SampleCount(int context) => trainSequences?.Groups ?? Train.SampleCount(context);

    /// <summary>Opens a folder and checks that its index, sizes and tokenizer agree; does not read the tokens.</summary>
    /// <exception cref="UserErrorException">They do not, or the folder is not prepared data.</exception>
    public static TokenStore Open(string folder) => new(folder, TokenIndex.Read(folder));

    /// <summary>Rejects data that a command cannot use.</summary>
    /// <param name="command">Such as <c>actortrain pretrain</c>.</param>
    /// <param name="kinds">Those that it can use.</param>
    /// <exception cref="UserErrorException">The data is of another kind; the sentence names the command for it.</exception>
    public void RequireKind(string command, params ReadOnlySpan<DataKind> kinds)
    {
        if (kinds.Contains(Kind))
            return;
        var wanted = string.Join(" or ", kinds.ToArray().Select(static kind => kind.Plural()));
        var other = kinds[0] is DataKind.Text ? "" : $" --kind {kinds[0].ToString().ToLowerInvariant()}";
        throw new UserErrorException(
            $"{Folder} holds {Kind.Plural()}, but `{command}` takes {wanted}: "
            + $"{(Kind.Command() is { } fitting ? $"use `{fitting}` for it" : "name other data")}, or prepare {wanted} "
            + $"(`actortrain prepare{other} --input PATH --output DIR`).");
    }

    /// <summary>Rejects a tokenizer, such as a checkpoint's, other than the one of the data.</summary>
    /// <exception cref="UserErrorException">They differ.</exception>
    public void RequireTokenizer(string identity, string owner)
    {
        if (!string.Equals(identity, Tokenizer.Identity, StringComparison.Ordinal))
        {
            throw new UserErrorException(
                $"The tokenizer of {owner} does not match the data in {Folder}: "
                + $"use the data it was trained on, or prepare this data with its tokenizer "
                + $"(`actortrain prepare --tokenizer-from {owner}`).");
        }
    }

    /// <summary>Compares every file with its checksum.</summary>
    /// <exception cref="UserErrorException">A file was altered.</exception>
    public void Verify(CancellationToken cancellation = default)
    {
        foreach (var file in files)
            file.Verify(cancellation);
    }

    private SequencePart? SequencesOf(TokenPart part, PartIndex index) =>
        index.Sequences is { } sequences ? new SequencePart(Folder, Kind, part, sequences, files) : null;

    public void Dispose()
    {
        foreach (var file in files)
            file.Dispose();
        files.Clear();
        Tokenizer.Dispose();
    }
}
