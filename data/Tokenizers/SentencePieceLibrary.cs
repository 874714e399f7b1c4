using System.Runtime.InteropServices;
using System.Text;
using ActorTrain.Models;

namespace ActorTrain.Data.Tokenizers;

/// <summary>The C interface of <c>data/native</c>, documented in its header.</summary>
internal static unsafe partial class SentencePieceLibrary
{
    public const int ErrorCapacity = 1024;
    private const string Name = "actortrain_tokenizer";

    public enum PieceKind
    {
        Text,
        Unknown,
        Control,
        Byte,
        Unused,
    }

    /// <summary>Loads the library.</summary>
    /// <exception cref="UserErrorException">It is missing.</exception>
    public static void Require()
    {
        if (!NativeLibrary.TryLoad(Name, typeof(SentencePieceLibrary).Assembly, searchPath: null, out _))
        {
            throw new UserErrorException(
                "The SentencePiece tokenizer's library libactortrain_tokenizer.so was not found: "
                + "run `make setup`, or choose --tokenizer bytes, which does not need it.");
        }
    }

    public static string Sentence(byte* error) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(error));

    [LibraryImport(Name, EntryPoint = "actortrain_train", StringMarshalling = StringMarshalling.Utf8)]
    public static partial byte* Train(
        string options, delegate* unmanaged[Cdecl]<void*, byte**, long*, int> next, void* context, out long length, byte* error,
        int errorCapacity);

    [LibraryImport(Name, EntryPoint = "actortrain_free")]
    public static partial void Free(byte* model);

    [LibraryImport(Name, EntryPoint = "actortrain_open")]
    public static partial nint Open(byte* model, long length, byte* error, int errorCapacity);

    [LibraryImport(Name, EntryPoint = "actortrain_close")]
    public static partial void Close(nint processor);

    [LibraryImport(Name, EntryPoint = "actortrain_size")]
    public static partial int Size(SentencePieceHandle processor);

    [LibraryImport(Name, EntryPoint = "actortrain_piece")]
    public static partial PieceKind Piece(SentencePieceHandle processor, int id, out byte* text, out long length, out float score);

    [LibraryImport(Name, EntryPoint = "actortrain_encode")]
    public static partial long Encode(
        SentencePieceHandle processor, byte* text, long length, int* ids, long capacity, byte* error, int errorCapacity);
}

internal sealed class SentencePieceHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    /// <exception cref="InvalidDataException">It is not a model.</exception>
    public static unsafe SentencePieceHandle Open(ReadOnlySpan<byte> model)
    {
        SentencePieceLibrary.Require();
        var error = stackalloc byte[SentencePieceLibrary.ErrorCapacity];
        var opened = new SentencePieceHandle();
        fixed (byte* bytes = model)
            opened.SetHandle(SentencePieceLibrary.Open(bytes, model.Length, error, SentencePieceLibrary.ErrorCapacity));
        return opened.IsInvalid
            ? throw new InvalidDataException(SentencePieceLibrary.Sentence(error))
            : opened;
    }

    protected override bool ReleaseHandle()
    {
        SentencePieceLibrary.Close(handle);
        return true;
    }
}
