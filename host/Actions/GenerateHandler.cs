using System.Text;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Pretraining;
using ActorTrain.Models;
using ActorTrain.Models.Generation;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain generate</c>: text from a trained model, printed as it is written.</summary>
internal static class GenerateHandler
{
    public static int Run(GenerateRequest request, CommandContext context)
    {
        var sampling = new SamplingOptions
        {
            Temperature = request.Greedy ? 0 : request.Temperature,
            TopK = request.TopK,
            TopP = request.TopP,
        };
        if (sampling.Validate().FirstOrDefault() is { } wrong)
            throw new UserErrorException(wrong);

        // A token stands for at least one byte.
        var longest = 1 + Encoding.UTF8.GetByteCount(request.Prompt);
        using var trained = TrainedModel.Open(request.Run, step: null, context, model => new MemoryCheck(request.Force).Require(
            "Generating text", MemoryPlan.ToGenerate(new ModelMemory(model), longest, request.Tokens)));
        using var tokenizer = trained.Tokenizer();

        // The end of a text is also the beginning of the next: what stands before an empty prompt.
        int[] prompt = [tokenizer.EndOfText, .. tokenizer.Encode(request.Prompt)];
        NumericEnvironment.Choose(NumericsMode.Fast, "cpu", threads: 0);
        using var interrupted = new StopSignal();
        var (model, parameters) = trained.Build();
        using (parameters)
        using (model)
        {
            for (var i = 0; i < request.Count; i++)
            {
                if (i > 0)
                    context.Output.WriteLine("---");
                context.Output.Write(request.Prompt);
                var options = sampling with { Seed = (ulong)request.Seed + (ulong)i };
                Write(context.Output, tokenizer, TextGenerator.Generate(model, prompt, request.Tokens, options, tokenizer.EndOfText, tokenizer.VocabularySize), interrupted.Token);
                context.Output.WriteLine();
            }
        }

        return ExitCode.Success;
    }

    // A token may end within a character, so bytes are held back until they make whole ones.
    private static void Write(TextWriter output, ITokenizer tokenizer, IEnumerable<int> tokens, CancellationToken cancellation)
    {
        var decoder = Encoding.UTF8.GetDecoder();
        var bytes = new System.Buffers.ArrayBufferWriter<byte>();
        var characters = new char[64];
        foreach (var token in tokens)
        {
            cancellation.ThrowIfCancellationRequested();
            bytes.ResetWrittenCount();
            tokenizer.Decode([token], bytes);
            if (characters.Length < Encoding.UTF8.GetMaxCharCount(bytes.WrittenCount))
                characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.WrittenCount)];
            output.Write(characters, 0, decoder.GetChars(bytes.WrittenSpan, characters, flush: false));
            output.Flush();
        }

        output.Write(characters, 0, decoder.GetChars([], characters, flush: true));
    }
}
