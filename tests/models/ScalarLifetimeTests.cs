using System.Reflection;
using System.Reflection.Emit;
using ActorTrain.Models.Steps;
using TorchSharp;

namespace ActorTrain.Models.Tests;

/// <summary>TorchSharp keeps the number that it hands to libtorch alive no longer than it takes to read its handle: a number that nobody
/// holds may be collected while libtorch reads it, which then throws or computes with another one. So every number that the product hands
/// over stands in a variable or a field.</summary>
public sealed class ScalarLifetimeTests
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue =
        typeof(OpCodes).GetFields().Select(static field => (OpCode)field.GetValue(null)!).ToDictionary(static code => code.Value);

    [Fact]
    public void No_number_that_a_tensor_operation_is_given_can_be_collected_meanwhile()
    {
        var calls = MethodsOf(typeof(torch).Assembly).ToDictionary(static method => method, static method => Calls(method).ToList());
        var makers = calls.Keys.Where(method => calls[method].Any(static call => MakesScalar(call.Target) && !IsStored(call.Next)))
            .ToHashSet();
        while (calls.Keys.Where(method => !makers.Contains(method) && calls[method].Any(call => makers.Contains(call.Target)))
            .ToList() is { Count: > 0 } callers)
            makers.UnionWith(callers);
        makers.ShouldContain(static method => method.Name == "op_Addition");
        var all = MethodsOf(typeof(Replica).Assembly).SelectMany(static method => Calls(method).Select(call => (method, call))).ToList();
        all.Count(static pair => MakesScalar(pair.call.Target)).ShouldBeGreaterThan(10);

        var fleeting = all.Where(pair => MakesScalar(pair.call.Target) ? !IsStored(pair.call.Next) : makers.Contains(pair.call.Target));
        fleeting.Select(static pair => $"{pair.method.DeclaringType!.Name}.{pair.method.Name}: {pair.call.Target}").Distinct()
            .ShouldBeEmpty();
    }

    private static bool MakesScalar(MethodBase method) =>
        method is MethodInfo { ReturnType: var type } && type == typeof(Scalar) && method.DeclaringType != typeof(ScalarLifetimeTests);

    private static bool IsStored(OpCode next) => next.Name!.StartsWith("st", StringComparison.Ordinal);

    private static IEnumerable<MethodBase> MethodsOf(Assembly assembly) =>
        assembly.GetTypes().SelectMany(static type => type.GetMethods(Everything).Concat<MethodBase>(type.GetConstructors(Everything)))
            .Where(static method => method.GetMethodBody() is not null);

    // The methods that one calls, each with the instruction behind the call.
    private static IEnumerable<(MethodBase Target, OpCode Next)> Calls(MethodBase method)
    {
        var code = method.GetMethodBody()!.GetILAsByteArray()!;
        MethodBase? target = null;
        for (var at = 0; at < code.Length;)
        {
            var opcode = OpCodesByValue[code[at] == 0xfe ? BitConverter.ToInt16([code[at + 1], code[at]]) : code[at]];
            if (target is not null)
                yield return (target, opcode);
            at += opcode.Size;
            target = opcode.OperandType == OperandType.InlineMethod ? Resolve(method, BitConverter.ToInt32(code, at)) : null;
            at += opcode.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
                _ => 4,
            };
        }
    }

    private static MethodBase? Resolve(MethodBase method, int token)
    {
        var ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        return method.Module.ResolveMethod(token, ofType, method.IsGenericMethod ? method.GetGenericArguments() : null);
    }
}
