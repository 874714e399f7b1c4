using System.CommandLine;
using System.Text;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Pretraining;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Models.Generation;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Host.Commands;

internal static class GenerateCommand
{
    public static CliCommand Define()
    {
        var path = RunArgument.Create();
        var prompt = new Option<string>("--prompt")
        { Description = "Prompt to continue.", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var tokens = OptionChecks.Whole("--tokens", 200, new Whole(1), "Number of tokens to generate.");
        var sampling = new SamplingOptions { Temperature = 0.8 };
        var temperature = OptionChecks.Declared<double>(sampling, nameof(SamplingOptions.Temperature));
        var topK = OptionChecks.Declared<int>(sampling, nameof(SamplingOptions.TopK));
        var topP = OptionChecks.Declared<double>(sampling, nameof(SamplingOptions.TopP));
        var seed = OptionChecks.Long("--seed", 1, new Whole(0, long.MaxValue), "Sampling seed: the same seed gives the same text.");
        var greedy = new Option<bool>("--greedy") { Description = "Greedy decoding: always take the most likely token." };
        var count = OptionChecks.Whole("--count", 1, new Whole(1, 10_000), "Number of texts to generate, with consecutive seeds.");
        var force = OptionChecks.Force();
        return new CliCommand<GenerateRequest>("generate", "Generate text with a trained model.", """
            Examples:
              actortrain generate book --prompt 'In the beginning' --tokens 100
              actortrain generate book --prompt 'In the beginning' --greedy
              actortrain generate runs/book --temperature 1 --top-p 0.9 --seed 7 --count 3
            """,
            line => new GenerateRequest(
                line.GetRequiredValue(path), line.GetRequiredValue(prompt), line.GetValue(tokens), line.GetValue(temperature),
                line.GetValue(topK), line.GetValue(topP), line.GetValue(seed), line.GetValue(greedy), line.GetValue(count),
                line.GetValue(force)),
            Run) { path, prompt, tokens, temperature, topK, topP, seed, greedy, count, force };
    }

    public static int Run(GenerateRequest request, CommandContext context)
    {
        var sampling = new SamplingOptions
        {
            Temperature = request.Greedy ? 0 : request.Temperature,
            TopK = request.TopK,
            TopP = request.TopP,
        };

        // A token stands for at least one byte.
        var longest = 1 + Encoding.UTF8.GetByteCount(request.Prompt);
        using var trained = TrainedModel.Open(request.Run, step: null, context, model => new MemoryCheck(request.Force).Require(
            "Generating text", MemoryPlan.ToGenerate(new ModelMemory(model), longest, request.Tokens)));
        using var tokenizer = trained.Tokenizer();

        // The end of a text is also the beginning of the next: it precedes an empty prompt.
        int[] prompt = [tokenizer.EndOfText, .. tokenizer.Encode(request.Prompt)];
        NumericEnvironment.Choose(new ComputeOptions());
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
                Write(context.Output, tokenizer, TextGenerator.Generate(model, prompt, request.Tokens, options, tokenizer.EndOfText,
                    tokenizer.VocabularySize), interrupted.Token);
                context.Output.WriteLine();
            }
        }

        return ExitCode.Success;
    }

    // A token may end within a character, so bytes are buffered until they form whole ones.
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

public sealed record GenerateRequest(
    string Run, string Prompt, int Tokens, double Temperature, int TopK, double TopP, long Seed, bool Greedy, int Count,
    bool Force = false);
